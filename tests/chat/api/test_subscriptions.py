"""`PUT messages/<id>/subscription`, and what it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from accounts.models import Member
from chat.actions.conversations import create_channel
from chat.actions.messages import send_message
from chat.actions.read import mark_read
from chat.attention.unread import unread_attention
from chat.models import Conversation, Participant
from tests.cast import scope_of

Follow = Callable[[], int]


@pytest.fixture
def town(alice: Member, bob: Member, mona: Member) -> Conversation:
    with scope_of(alice):
        return create_channel(alice, kind="private", name="town", members=[bob.pk, mona.pk])


def say(member: Member, conversation: Conversation, text: str, thread: UUID | None = None) -> UUID:
    with scope_of(member):
        return send_message(member, conversation.pk, text=text, ref=uuid4(), thread_id=thread).message.id


def put(client: Client, message: UUID, *, follows: bool) -> Any:
    path = f"/o/acme/api/v1/messages/{message}/subscription"
    return client.put(path, {"follows": follows}, content_type="application/json")


def concerned(member: Member, conversation: Conversation) -> int:
    with scope_of(member):
        return len(unread_attention(member, [conversation.pk]))


def unread(member: Member, conversation: Conversation) -> int:
    """After the main line was shown to its end."""
    with scope_of(member):
        conversation.refresh_from_db()
        mark_read(member, conversation.pk, seq=conversation.last_seq)
        return Participant.objects.get(member=member, conversation=conversation).unread(conversation)


def threads(client: Client) -> int:
    return len(client.get("/o/acme/api/v1/threads").json()["results"])


def test_later_replies_of_a_thread_that_one_follows_concern_one(
    town: Conversation, alice: Member, bob: Member, client_of: Callable[[Member], Client], follow_all: Follow
) -> None:
    head = say(alice, town, "head")
    say(alice, town, "before", head)
    browser = client_of(bob)
    answer = put(browser, head, follows=True).json()
    assert (answer["thread"], answer["follows"], answer["since"], answer["version"]) == (str(head), True, 2, 1)
    say(alice, town, "after", head)
    follow_all()
    assert (concerned(bob, town), unread(bob, town), threads(browser)) == (1, 1, 1)


def test_later_replies_of_a_thread_that_one_left_do_not(
    town: Conversation, alice: Member, bob: Member, client_of: Callable[[Member], Client], follow_all: Follow
) -> None:
    head = say(bob, town, "head")
    browser = client_of(bob)
    put(browser, head, follows=False)
    say(alice, town, "after", head)
    follow_all()
    assert (concerned(bob, town), unread(bob, town), threads(browser)) == (0, 0, 0)


def test_who_writes_in_it_again_follows_it_again(
    town: Conversation, alice: Member, bob: Member, client_of: Callable[[Member], Client], follow_all: Follow
) -> None:
    head = say(bob, town, "head")
    browser = client_of(bob)
    put(browser, head, follows=False)
    say(bob, town, "one more thing", head)
    say(alice, town, "after", head)
    follow_all()
    assert (concerned(bob, town), unread(bob, town), threads(browser)) == (1, 1, 1)


def test_a_reply_stands_for_its_thread_and_the_same_again_changes_nothing(
    town: Conversation, alice: Member, bob: Member, client_of: Callable[[Member], Client]
) -> None:
    head = say(alice, town, "head")
    reply = say(alice, town, "reply", head)
    browser = client_of(bob)
    answers = [put(browser, message, follows=True).json() for message in (reply, head)]
    assert [(answer["thread"], answer["version"]) for answer in answers] == [(str(head), 1)] * 2


def test_charlie_of_another_organization_cannot_follow_it(
    town: Conversation, alice: Member, charlie: Member, client_of: Callable[[Member], Client]
) -> None:
    head = say(alice, town, "head")
    outside = client_of(charlie)
    assert put(outside, head, follows=True).status_code == 404
    foreign = f"/o/globex/api/v1/messages/{head}/subscription"
    assert outside.put(foreign, {"follows": True}, content_type="application/json").status_code == 404
