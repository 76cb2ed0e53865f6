from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.models import Member
from chat.actions.messages import send_message
from chat.actions.read import mark_read, mark_unread
from chat.models import Conversation
from tests.sync.conftest import Say, Verify, alike, proves

pytestmark = pytest.mark.django_db(transaction=True)


@proves(mark_read, events=("participant.updated",))
def test_read(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    for _ in range(3):
        say(bob, town)

    def read_back_and_forth() -> None:
        for seq in (1, 3, 2):
            mark_read(alice, town.pk, seq=seq)

    assert verify(read_back_and_forth) == alike(("alice", "alice again"), ["participant.updated"] * 2)


@proves(mark_read, events=("participant.updated",))
def test_read_threads(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    head = say(alice, town)
    for _ in range(2):
        say(bob, town, thread_id=head.id)
        say(bob, town)

    def read_one_after_the_other() -> None:
        mark_read(alice, town.pk, seq=5)
        for seq in (2, 2):
            mark_read(alice, town.pk, seq=seq, thread_id=head.id)
        for _ in range(2):
            mark_read(alice, town.pk, seq=5, threads=True)

    assert verify(read_one_after_the_other) == alike(("alice", "alice again"), ["participant.updated"] * 3)


@proves(send_message, events=("message.created", "participant.updated"))
def test_write_what_was_shown(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    for _ in range(3):
        say(bob, town)

    def write() -> None:
        for shown in (None, 2, 2, 0):
            send_message(alice, town.pk, text="hello", ref=uuid4(), read=shown)

    received = ["message.created", "participant.updated", *["message.created"] * 3]
    assert verify(write) == {
        **alike(("alice", "alice again"), received),
        **alike(("bob", "gus"), ["message.created"] * 4),
    }


@proves(mark_unread, mark_read, events=("participant.updated",))
def test_unread_again(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    for member in (bob, alice, bob):
        say(member, town)

    def read_mark_and_read() -> None:
        mark_read(alice, town.pk, seq=3)
        for seq in (2, 2, 1):
            mark_unread(alice, town.pk, seq=seq)
        mark_read(alice, town.pk, seq=1)
        mark_unread(alice, town.pk, seq=3)

    assert verify(read_mark_and_read) == alike(("alice", "alice again"), ["participant.updated"] * 5)
