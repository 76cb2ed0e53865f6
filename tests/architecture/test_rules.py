"""Every public action of a member is governed by a rule, and every rule governs an action."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

import accounts.actions
import chat.actions
from accounts import rules as accounts_rules
from accounts.rules import Because, Rule
from chat import rules as chat_rules

# Functions with a member as their first argument that no rule governs, and why not.
WITHOUT: Final = {
    "accounts.actions.invitations.may_invite": "a check",
    "accounts.actions.members.readmit": "the second half of two governed actions",
    "accounts.actions.members.end_access": "the second half of two governed actions",
    "accounts.actions.members.keep_an_owner": "a check",
    "accounts.actions.members.lock_both": "a lock",
    "accounts.actions.members.save_activity": "the second half of governed actions",
    "accounts.actions.members.lock_members": "a lock",
    "accounts.actions.sanctions.lock_to_sanction": "a lock",
    "accounts.actions.sanctions.end_suspension": "a task of the system",
    "chat.actions.clients.list_clients": "a read",
    "chat.actions.messages.send_message": "calls send_messages, which asks for WRITE behind its locks",
    "chat.actions.operations.resync_client": "also an act of the installation's staff; rank and reason stand there",
    "chat.actions.operations.retry_event": "an act of the installation's staff alone",
    "chat.actions.operations.discard_event": "an act of the installation's staff alone",
    "chat.actions.operations.sign_out_client": "also an act of the installation's staff; rank and reason stand there",
    "chat.actions.read.mark_read": "READ: private to the member; its pace is in chat/realtime",
    "chat.actions.read.mark_unread": "READ: private to the member",
    "chat.actions.removed.open_report": "a read, which it records",
    "chat.actions.removed.read_original": "a read, which it records",
    "chat.actions.removed.read_revisions": "a read, which it records where the message is hidden or deleted",
    "chat.actions.removed.reveal": "a read, which it records; also by the installation's staff",
    "chat.actions.removed.reveal_reported": "a read, which it records; also by the installation's staff",
    "chat.actions.reports.publish_open_reports": "listens to a change of role",
}
# Rules that no function carries: asked for inside another action, or where messages are sent together.
INSIDE: Final = {"message.send", "message.delete", "direct.start", "participant.remove", "conversation.read"}


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(package.__path__):
        yield importlib.import_module(f"{package.__name__}.{found.name}")


def actions() -> dict[str, Any]:
    return {
        f"{module.__name__}.{name}": function
        for package in (accounts.actions, chat.actions)
        for module in modules(package)
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
    }


def of_a_member(function: Any) -> bool:
    first = next(iter(inspect.signature(function).parameters.values()), None)
    return first is not None and first.kind is not first.KEYWORD_ONLY and "Member" in str(first.annotation)


def declared() -> dict[str, Rule]:
    rules = [
        rule for module in (accounts_rules, chat_rules) for rule in vars(module).values() if isinstance(rule, Rule)
    ]
    assert len({rule.act for rule in rules}) == len(rules)
    return {rule.act: rule for rule in rules}


def test_every_action_of_a_member_is_governed() -> None:
    free = {name for name, function in actions().items() if of_a_member(function) and not hasattr(function, "rule")}
    assert free == WITHOUT.keys()


def test_every_rule_governs_something() -> None:
    carried = {function.rule.act for function in actions().values() if hasattr(function, "rule")}
    assert carried | INSIDE == declared().keys()
    assert not carried & INSIDE


def test_what_needs_a_reason_takes_one() -> None:
    for name, function in actions().items():
        rule = getattr(function, "rule", None)
        if rule is not None and rule.reason is not Because.NEVER:
            assert "reason" in inspect.signature(function).parameters, name
