"""The cast in a channel, and what every proof is held to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Member
from accounts.tenancy import every_organization
from chat.actions.conversations import create_channel
from chat.actions.messages import send_message
from chat.models import Conversation, Event
from tests.cast import make_member, scope_of
from tests.sync.verify import Received, verify_delivery

Verify = Callable[[Callable[[], Any]], Received]
Say = Callable[..., Any]


def proves(*actions: Callable[..., Any], events: tuple[str, ...] = ()) -> Callable[[Any], Any]:
    """Says of a test which actions it proves and which events these publish; `verify` checks the latter, and
    test_complete.py that nothing is left out."""

    def note(test: Any) -> Any:
        test.proves = (frozenset(actions), frozenset(events))
        return test

    return note


def alike(names: Iterable[str], types: list[str]) -> Received:
    """All of them received the same."""
    return {name: list(types) for name in names}


@pytest.fixture
def dora(acme: Any) -> Member:
    """Member of Acme, in no conversation of the others."""
    return make_member(acme, "Dora")


@pytest.fixture
def people(alice: Member, bob: Member, gus: Member, dora: Member, charlie: Member) -> dict[str, Member]:
    return {"alice": alice, "alice again": alice, "bob": bob, "gus": gus, "dora": dora, "charlie": charlie}


@pytest.fixture
def town(alice: Member, bob: Member, gus: Member) -> Conversation:
    """A private channel of Alice, with Bob and Gus."""
    with scope_of(alice):
        return create_channel(alice, kind="private", name="town", members=[bob.pk, gus.pk])


@pytest.fixture
def say() -> Say:
    def say(member: Member, conversation: Conversation, text: str = "hello", **options: Any) -> Any:
        with scope_of(member):
            return send_message(member, conversation.pk, text=text, ref=uuid4(), **options).message

    return say


@pytest.fixture(params=["postgres", "valkey"])
def kept_in(request: pytest.FixtureRequest, settings: Any) -> str:
    """Where mailboxes are kept. Their own suite is tests/chat/delivery/mailbox; here they are part of the whole."""
    settings.MAILBOX_BACKEND = request.param
    return str(request.param)


@pytest.fixture
def verify(request: pytest.FixtureRequest, kept_in: str, people: dict[str, Member]) -> Iterator[Verify]:
    """Verify an action of Alice's for everybody; at the end, that it published what the test says."""
    _, events = request.function.proves
    published: set[str] = set()

    def run(action: Callable[[], Any]) -> Received:
        with every_organization():
            before = max(Event.objects.values_list("pk", flat=True), default=0)
        with scope_of(people["alice"]):
            received = verify_delivery(people, action)
        with every_organization():
            published.update(Event.objects.filter(pk__gt=before).values_list("type", flat=True))
        assert "charlie" not in received
        return received

    yield run
    assert published == events
