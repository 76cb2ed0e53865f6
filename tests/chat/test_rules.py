"""Every address that writes, tried by the rule that is declared for it.

As a muted member, as a suspended one, in a locked and in an archived channel, against somebody of a higher role,
without a reason, beyond the pace. An address that is missing here fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from accounts import rules as of_accounts
from accounts.models import Member
from accounts.rules import Because, Pace, Rule
from chat import rules
from chat.actions.clients import register_client
from chat.actions.conversations import create_channel
from chat.actions.messages import send_message
from chat.actions.pins import pin_message
from chat.actions.reactions import add_reaction
from chat.actions.report_decisions import update_report
from chat.actions.reports import report_message
from chat.actions.sanctions import mute_member, warn_member
from chat.models import Conversation, Report
from tests.cast import make_member, scope_of, sign_in
from tests.isolation.addresses import address

UNTIL: Final = "2099-01-01T00:00:00Z"
WHY: Final = "because"
WRITES: Final = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class World:
    """Bob runs #town, where Cora, Alice (owner) and Mona (moderator) take part."""

    people: dict[str, Member]
    ids: dict[str, UUID | str | int]
    channel: Conversation
    browsers: dict[str, Client] = field(default_factory=dict)

    def call(self, method: str, name: str, attempt: Attempt) -> Any:
        path = address(name, "acme", self.ids | {key: self.ids[value] for key, value in attempt.ids.items()})
        sent = {key: self.fill(value) for key, value in attempt.body.items()}
        if attempt.by not in self.browsers:
            self.browsers[attempt.by] = sign_in(Client(), self.people[attempt.by].user)
        return self.browsers[attempt.by].generic(method, path, json.dumps(sent, default=str), "application/json")

    def fill(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.fill(each) for each in value]
        return self.ids.get(value[1:-1], value) if isinstance(value, str) and value.startswith("<") else value


@dataclass(frozen=True)
class Attempt:
    """An allowed call. `above`: ids with which it is aimed at somebody of a higher role than the actor's."""

    rule: Rule
    by: str
    body: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    above: dict[str, str] = field(default_factory=dict)
    status: int = 200


OF_CORA, OF_ALICE = {"member_id": "cora"}, {"member_id": "alice"}
BY_ALICE: Final = {"message_id": "by_alice"}
REASON: Final = {"reason": WHY}

ATTEMPTS: Final[dict[tuple[str, str], list[Attempt]]] = {
    ("POST", "api:messages"): [Attempt(rules.WRITE, "cora", {"ref": "<ref>", "text": "hello"}, status=201)],
    ("PATCH", "api:message"): [Attempt(rules.EDIT, "cora", {"text": "changed"})],
    ("DELETE", "api:message"): [
        Attempt(rules.TAKE_BACK, "cora", status=204),
        Attempt(rules.DELETE, "mona", REASON, above=BY_ALICE, status=204),
    ],
    ("PUT", "api:pin"): [Attempt(rules.PIN, "cora")],
    ("DELETE", "api:pin"): [Attempt(rules.UNPIN, "cora", ids={"message_id": "pinned"}, status=204)],
    ("PUT", "api:reaction"): [Attempt(rules.REACT, "cora")],
    ("DELETE", "api:reaction"): [Attempt(rules.UNREACT, "cora", ids={"message_id": "pinned"}, status=204)],
    ("PUT", "api:read"): [Attempt(rules.READ, "cora", {"seq": 1})],
    ("POST", "api:conversations"): [
        Attempt(rules.CREATE_CHANNEL, "cora", {"kind": "public", "name": "new"}, status=201),
        Attempt(rules.START_DIRECT, "cora", {"kind": "direct", "members": ["<bob>"]}, status=201),
    ],
    ("PATCH", "api:conversation"): [
        Attempt(rules.DESCRIBE, "cora", {"topic": "changed"}),
        Attempt(rules.REGULATE, "bob", {"slow_mode": 30}),
        Attempt(rules.REGULATE, "mona", {"locked": True, "reason": WHY}),
        Attempt(rules.ARCHIVE, "mona", {"archived": True, "reason": WHY}),
    ],
    ("POST", "api:archive"): [Attempt(rules.ARCHIVE, "mona", REASON), Attempt(rules.ARCHIVE, "bob")],
    ("POST", "api:join"): [Attempt(rules.JOIN, "dan")],
    ("POST", "api:leave"): [Attempt(rules.LEAVE, "cora", status=204)],
    ("POST", "api:participants"): [Attempt(rules.ADD, "cora", {"member": "<dan>"}, status=201)],
    ("PATCH", "api:participant"): [
        Attempt(rules.CHANGE_PARTICIPANT, "bob", {"role": "admin"}, OF_CORA),
        Attempt(rules.CHANGE_PARTICIPANT, "mona", {"role": "member"}, OF_CORA, above=OF_ALICE),
        Attempt(rules.SET_OWN, "cora", {"muted": True}, OF_CORA),
    ],
    ("DELETE", "api:participant"): [
        Attempt(rules.REMOVE, "bob", {}, OF_CORA, status=204),
        Attempt(rules.REMOVE, "mona", {}, OF_CORA, above=OF_ALICE, status=204),
        Attempt(rules.LEAVE, "cora", {}, OF_CORA, status=204),
    ],
    ("POST", "api:report"): [Attempt(rules.REPORT, "bob", {"reason": "spam"}, status=201)],
    ("PATCH", "api:report_detail"): [Attempt(rules.DECIDE, "mona", {"state": "in_review"})],
    ("PATCH", "api:reports"): [Attempt(rules.DECIDE, "mona", {"reports": ["<report_id>"], "state": "dismissed"})],
    ("POST", "api:acknowledge_report"): [Attempt(rules.ACKNOWLEDGE, "bob", ids={"report_id": "decided"})],
    ("POST", "api:acknowledge_sanction"): [Attempt(rules.ACKNOWLEDGE_SANCTION, "cora")],
    ("POST", "api:hide"): [Attempt(rules.HIDE, "mona", REASON, above=BY_ALICE)],
    ("POST", "api:restore"): [Attempt(rules.RESTORE, "mona", REASON, above=BY_ALICE)],
    ("POST", "api:remove"): [Attempt(rules.REMOVE_FOR_GOOD, "mona", REASON, above=BY_ALICE)],
    ("POST", "api:warn"): [Attempt(rules.WARN, "mona", REASON, OF_CORA, above=OF_ALICE, status=201)],
    ("POST", "api:mute"): [
        Attempt(rules.MUTE, "mona", {"until": UNTIL, **REASON}, OF_CORA, above=OF_ALICE, status=201)
    ],
    ("POST", "api:suspend"): [Attempt(rules.SUSPEND, "mona", REASON, OF_CORA, above=OF_ALICE, status=201)],
    ("POST", "api:lift"): [
        Attempt(rules.LIFT, "mona", {"kind": "mute", **REASON}, {"member_id": "silent"}, above=OF_ALICE)
    ],
    ("PATCH", "api:own_member"): [
        Attempt(of_accounts.CHANGE_PROFILE, "cora", {"title": "changed"}),
        Attempt(of_accounts.CHANGE_PREFERENCES, "cora", {"preferences": {"theme": "dark"}}),
    ],
    ("PUT", "api:own_status"): [Attempt(rules.SET_STATUS, "cora", {"text": "Lunch"})],
    ("DELETE", "api:own_status"): [Attempt(rules.CLEAR_STATUS, "cora", status=204)],
    ("PATCH", "api:organization"): [Attempt(of_accounts.CHANGE_ORGANIZATION, "adam", {"description": "changed"})],
    ("POST", "api:clients"): [Attempt(rules.REGISTER, "cora", {"platform": "bot"}, status=201)],
    ("DELETE", "api:client"): [Attempt(rules.CLOSE, "cora", status=204)],
    ("POST", "api:client_close"): [Attempt(rules.CLOSE, "cora", status=204)],
    ("POST", "api:client_sign_out"): [Attempt(rules.SIGN_OUT, "cora", status=204)],
}
IN_CHANNELS: Final = {rules.TAKE_BACK, rules.LEAVE, rules.JOIN, rules.ARCHIVE, rules.REGULATE, rules.REMOVE, rules.READ}
# Writes that no rule of a member governs: they render and keep nothing, or are of a user outside any organization.
OTHERS: Final = {
    ("POST", "api:preview"),
    ("POST", "api:tokens"),
    ("DELETE", "api:token"),
    ("DELETE", "api:token_current"),
}

CASES: Final = [(method, name, attempt) for (method, name), tries in ATTEMPTS.items() for attempt in tries]


def label(method: str, name: str, attempt: Attempt) -> str:
    return f"{method} {name[4:]} {attempt.rule.act} by {attempt.by}"


def each(condition: Callable[[Attempt], bool]) -> Any:
    """A test for every attempt of which that is true, in a world of its own: it is allowed, and changes something."""
    chosen = [case for case in CASES if condition(case[2])]
    return pytest.mark.parametrize(("method", "name", "attempt"), chosen, ids=[label(*case) for case in chosen])


def answers(world: World, condition: Callable[[Attempt], bool]) -> dict[str, int]:
    """The status of every attempt of which that is true, in one world: they are refused, and change nothing."""
    return {label(*case): world.call(*case).status_code for case in CASES if condition(case[2])}


@pytest.fixture
def world(alice: Member, adam: Member, mona: Member, bob: Member) -> World:
    cora, dan, silent = (make_member(bob.organization, name) for name in ("Cora", "Dan", "Silent"))
    people = {"alice": alice, "adam": adam, "mona": mona, "bob": bob, "cora": cora, "dan": dan, "silent": silent}
    with scope_of(bob):
        town = create_channel(bob, kind="public", name="town", members=[cora.pk, alice.pk, mona.pk])
        said, pinned = (send_message(cora, town.pk, text=text, ref=uuid4()).message for text in ("one", "two"))
        by_alice = send_message(alice, town.pk, text="three", ref=uuid4()).message
        pin_message(cora, pinned.id)
        add_reaction(cora, pinned.id, emoji="👍")
        report = report_message(bob, by_alice.id, reason=Report.Reason.SPAM)
        decided = report_message(bob, pinned.id, reason=Report.Reason.SPAM)
        update_report(mona, decided.pk, state=Report.State.DISMISSED)
        mute_member(mona, silent.pk, reason=WHY, until=timezone.now() + timedelta(days=1))
        warning = warn_member(mona, cora.pk, reason=WHY)
        client = register_client(cora, platform="bot", credential="session:none")
    ids: dict[str, UUID | str | int] = {name: member.pk for name, member in people.items()}
    ids |= {"conversation_id": town.pk, "message_id": said.id, "pinned": pinned.id, "by_alice": by_alice.id}
    ids |= {"report_id": report.pk, "decided": decided.pk, "sanction_id": warning.pk, "client_id": client.public_id}
    return World(people, {**ids, "emoji": "👍", "ref": str(uuid4()), "member_id": cora.pk}, town)


def change(world: World, model: type[Any], key: UUID, **values: Any) -> None:
    with scope_of(world.people["bob"]):
        model.objects.filter(pk=key).update(**values)


def writes() -> Iterator[tuple[str, str]]:
    patterns = next(found for found in get_resolver().url_patterns if getattr(found, "namespace", "") == "api")
    for pattern in patterns.url_patterns:
        view = getattr(pattern.callback, "view_class", None)
        if view is None:
            assert pattern.name == "schema", "a view of which it is not known what it answers"
            continue
        for method in WRITES:
            if hasattr(view, method.lower()):
                yield method, f"api:{pattern.name}"


def test_every_address_that_writes_has_its_rule() -> None:
    assert set(writes()) == ATTEMPTS.keys() | OTHERS


@each(lambda attempt: True)
def test_it_is_allowed(method: str, name: str, attempt: Attempt, world: World) -> None:
    answer = world.call(method, name, attempt)
    assert answer.status_code == attempt.status, answer.content


def test_muted_members_are_refused(world: World) -> None:
    mute(world)
    refused = answers(world, lambda attempt: not attempt.rule.muted)
    assert refused == dict.fromkeys(refused, 403)


@each(lambda attempt: attempt.rule.muted)
def test_a_muted_member_may(method: str, name: str, attempt: Attempt, world: World) -> None:
    mute(world)
    assert world.call(method, name, attempt).status_code == attempt.status


def test_suspended_members_are_refused(world: World) -> None:
    now = timezone.now()
    for member in world.people.values():
        change(world, Member, member.pk, deactivated_at=now, suspended_at=now)
    assert set(answers(world, lambda attempt: True).values()) <= {403, 404}


def test_a_locked_channel_refuses(world: World) -> None:
    change(world, Conversation, world.channel.pk, locked_at=timezone.now())
    refused = answers(world, lambda attempt: not attempt.rule.locked)
    assert refused == dict.fromkeys(refused, 403)


@each(lambda attempt: attempt.rule.locked and attempt.by in {"bob", "cora", "dan"} and attempt.rule in IN_CHANNELS)
def test_in_a_locked_channel_one_may(method: str, name: str, attempt: Attempt, world: World) -> None:
    change(world, Conversation, world.channel.pk, locked_at=timezone.now())
    assert world.call(method, name, attempt).status_code == attempt.status


def test_an_archived_channel_refuses(world: World) -> None:
    change(world, Conversation, world.channel.pk, archived_at=timezone.now())
    refused = answers(world, lambda attempt: not attempt.rule.archived)
    assert refused == dict.fromkeys(refused, 403)


def test_nobody_acts_against_a_higher_role(world: World) -> None:
    stepping_in = [case for case in CASES if case[2].rule.ranked and case[2].by != "bob"]  # who runs the channel
    assert [label(*case) for case in stepping_in if not case[2].above] == []
    aimed = {
        label(method, name, attempt): world.call(
            method, name, replace(attempt, ids={**attempt.ids, **attempt.above})
        ).status_code
        for method, name, attempt in stepping_in
    }
    assert aimed == dict.fromkeys(aimed, 403)


@pytest.mark.parametrize("reason", [None, "", "  ", "\u200b"], ids=["none", "empty", "blank", "not drawn"])
def test_what_needs_a_reason_is_refused_without(world: World, reason: str | None) -> None:
    for method, name, attempt in CASES:
        if attempt.rule.reason is not Because.NEVER and "reason" in attempt.body:
            body = {key: value for key, value in attempt.body.items() if key != "reason"}
            body |= {} if reason is None else {"reason": reason}
            if not body and name in {"api:archive", "api:message"}:
                body = {"reason": ""}  # clients of the first version send no body: see the tests of these addresses
            answer = world.call(method, name, replace(attempt, body=body))
            assert (answer.status_code, "reason" in answer.content.decode()) == (422, True), label(
                method, name, attempt
            )


def test_every_pace_has_its_end(world: World, settings: Any) -> None:
    for pace in Pace:
        setattr(settings, pace.value, 0)
    throttled = answers(world, lambda attempt: attempt.rule.pace is not None)
    assert throttled == dict.fromkeys(throttled, 429)


def test_charlie_of_another_organization_finds_nothing(world: World, charlie: Member) -> None:
    stranger = replace(world, people=dict.fromkeys(world.people, charlie), browsers={})
    found = answers(stranger, lambda attempt: True)
    assert found == dict.fromkeys(found, 404)


def mute(world: World) -> None:
    for member in world.people.values():
        change(world, Member, member.pk, muted_until=timezone.now() + timedelta(hours=1))
