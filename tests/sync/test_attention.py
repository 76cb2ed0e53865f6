"""Whom a message concerns reaches the member's clients, or everybody's where it calls everybody, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Member
from chat.actions.participants import remove_participant
from chat.actions.read import mark_read, mark_unread
from chat.actions.revisions import edit_message
from chat.models import Conversation
from tests.cast import scope_of
from tests.sync.conftest import Say, Verify, alike, proves

pytestmark = pytest.mark.django_db(transaction=True)

Follow = Callable[[], int]

EVERYBODY = ("alice", "alice again", "bob", "gus")


@proves(events=("message.created", "attention.created"))
def test_a_mention_is_published_to_the_member_alone(
    verify: Verify, follow_all: Follow, say: Say, alice: Member, town: Conversation
) -> None:
    received = verify(lambda: (say(alice, town, "hello @bob"), follow_all()))
    expected = alike(EVERYBODY, ["message.created"])
    assert received == expected | {"bob": ["message.created", "attention.created"]}


@proves(events=("message.created", "attention.created"))
def test_a_call_is_published_to_everybody_who_takes_part(
    verify: Verify, follow_all: Follow, say: Say, alice: Member, town: Conversation
) -> None:
    received = verify(lambda: (say(alice, town, "@channel, hello"), follow_all()))
    assert received == alike(EVERYBODY, ["message.created", "attention.created"])


@proves(events=("message.created", "message.updated", "attention.created"))
def test_a_reply_is_published_to_those_who_follow_the_thread(
    verify: Verify, follow_all: Follow, say: Say, alice: Member, gus: Member, town: Conversation
) -> None:
    head = say(gus, town, "a question")
    follow_all()
    received = verify(lambda: (say(alice, town, "an answer", thread_id=head.id), follow_all()))
    expected = alike(EVERYBODY, ["message.created", "message.updated"])
    assert received == expected | {"gus": ["message.created", "message.updated", "attention.created"]}


@proves(events=("message.updated", "attention.created", "attention.updated"))
def test_an_edit_gives_to_one_and_takes_from_another(
    verify: Verify, follow_all: Follow, say: Say, alice: Member, town: Conversation
) -> None:
    message = say(alice, town, "hello @bob")
    follow_all()
    received = verify(lambda: (edit_message(alice, message.id, text="hello @gus"), follow_all()))
    assert received == alike(EVERYBODY, ["message.updated"]) | {
        "bob": ["message.updated", "attention.updated"],
        "gus": ["message.updated", "attention.created"],
    }


@proves(mark_unread, events=("participant.updated", "attention.created"))
def test_what_is_marked_as_unread_is_published_again(
    verify: Verify, follow_all: Follow, say: Say, alice: Member, bob: Member, town: Conversation
) -> None:
    """Clients that registered after it was read do not know it."""
    message = say(bob, town, "hello @alice")
    follow_all()
    with scope_of(alice):
        mark_read(alice, town.pk, seq=message.seq)
    received = verify(lambda: mark_unread(alice, town.pk, seq=message.seq))
    assert received == alike(("alice", "alice again"), ["attention.created", "participant.updated"])


@proves(events=("message.created", "participant.removed"))
def test_nothing_is_published_to_somebody_who_has_left(
    verify: Verify, follow_all: Follow, say: Say, alice: Member, bob: Member, town: Conversation
) -> None:
    def say_and_remove() -> None:
        say(alice, town, "hello @bob")
        remove_participant(alice, town.pk, member_id=bob.pk)
        follow_all()

    received = verify(say_and_remove)
    assert set(received["bob"]) == {"participant.removed"}
