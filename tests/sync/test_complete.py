"""Nothing is left unproven: every action and every type of event has a test that verifies its delivery."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import accounts.actions
import chat.actions
import tests.sync
from chat.actions import members, removed
from chat.actions.messages import send_messages
from chat.entities.registry import event_types

Action = Callable[..., Any]


def proofs() -> Iterator[tuple[frozenset[Action], frozenset[str]]]:
    for found in pkgutil.iter_modules(tests.sync.__path__, "tests.sync."):
        if found.name.rpartition(".")[2].startswith("test_"):
            module = importlib.import_module(found.name)
            yield from (
                test.proves for _, test in inspect.getmembers(module, inspect.isfunction) if hasattr(test, "proves")
            )


def actions() -> Iterator[Action]:
    """By the rule of naming: `verb_noun(member, …)`; what accounts/ publishes; and what the chat does about that."""
    for found in pkgutil.iter_modules(chat.actions.__path__, "chat.actions."):
        module = importlib.import_module(found.name)
        if module is removed:  # these actions record who read something, and change nothing that clients know
            continue
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and next(iter(inspect.signature(function).parameters), "") == "member":
                yield function
    yield send_messages
    yield from (getattr(accounts.actions, name) for name in accounts.actions.__all__)
    yield from (
        members.open_welcome_channels,
        members.publish_organization,
        members.welcome_member,
        members.publish_member,
        members.publish_own_member,
        members.publish_desk,
    )


def test_every_action_is_proven() -> None:
    proven = {action for actions, _ in proofs() for action in actions}
    assert [f"{each.__module__}.{each.__name__}" for each in actions() if each not in proven] == []


def test_every_event_is_proven() -> None:
    proven = {type for _, types in proofs() for type in types}
    assert proven == set(event_types())


def test_the_actions_are_found() -> None:
    """Else the first test would be content with nothing."""
    assert len(set(actions())) > 30
