"""`GET threads`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from accounts.models import Member
from chat.actions.conversations import create_channel
from chat.actions.messages import send_message
from chat.actions.participants import leave_conversation
from chat.models import Conversation
from tests.cast import scope_of

PATH = "/o/acme/api/v1/threads"


@pytest.fixture
def town(alice: Member, bob: Member) -> Conversation:
    with scope_of(alice):
        return create_channel(alice, kind="private", name="town", members=[bob.pk])


def say(member: Member, conversation: Conversation, text: str, thread: UUID | None = None) -> UUID:
    with scope_of(member):
        return send_message(member, conversation.pk, text=text, ref=uuid4(), thread_id=thread).message.id


def heads(client: Client, **query: Any) -> list[str]:
    return [one["head"]["text"] for one in client.get(PATH, query).json()["results"]]


def test_threads_are_ordered_by_their_newest_reply(
    alice: Member, bob: Member, town: Conversation, client_of: Callable[[Member], Client]
) -> None:
    first, second = say(bob, town, "first"), say(bob, town, "second")
    say(alice, town, "to the second", second)
    for number in range(3):
        say(alice, town, f"to the first {number}", first)
    found = client_of(bob).get(PATH).json()
    assert [one["head"]["text"] for one in found["results"]] == ["second", "first"]
    assert [reply["text"] for reply in found["results"][1]["replies"]] == ["to the first 1", "to the first 2"]
    assert found["next"] is None


def test_one_follows_what_one_started_wrote_in_or_is_named_in(
    alice: Member,
    bob: Member,
    town: Conversation,
    client_of: Callable[[Member], Client],
    follow_all: Callable[[], int],
) -> None:
    own, other, foreign = say(bob, town, "own"), say(alice, town, "other"), say(alice, town, "foreign")
    named, later = say(alice, town, "for @bob"), say(alice, town, "names him later")
    say(bob, town, "me too", other)
    for head in (own, other, foreign, named):
        say(alice, town, "a reply", head)
    say(alice, town, "what does @bob say", later)
    follow_all()
    assert set(heads(client_of(bob))) == {"own", "other", "for @bob", "names him later"}


def test_threads_are_paged(
    alice: Member, bob: Member, town: Conversation, client_of: Callable[[Member], Client]
) -> None:
    for number in range(3):
        say(alice, town, "a reply", say(bob, town, f"thread {number}"))
    browser = client_of(bob)
    page = browser.get(PATH, {"limit": 2}).json()
    assert [one["head"]["text"] for one in page["results"]] == ["thread 1", "thread 2"]
    assert [one["head"]["text"] for one in browser.get(page["next"]).json()["results"]] == ["thread 0"]


def test_one_sees_no_threads_of_a_conversation_that_one_left(
    alice: Member, bob: Member, town: Conversation, client_of: Callable[[Member], Client]
) -> None:
    say(alice, town, "a reply", say(bob, town, "own"))
    with scope_of(bob):
        leave_conversation(bob, town.pk)
    assert heads(client_of(bob)) == []


def test_charlie_of_another_organization_sees_none(
    alice: Member, bob: Member, charlie: Member, town: Conversation, client_of: Callable[[Member], Client]
) -> None:
    say(alice, town, "a reply", say(bob, town, "own"))
    outside = client_of(charlie)
    assert outside.get(PATH).status_code == 404
    assert outside.get("/o/globex/api/v1/threads").json()["results"] == []
