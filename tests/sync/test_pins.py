from __future__ import annotations

import pytest

from accounts.models import Member
from chat.actions.pins import pin_message, unpin_message
from chat.actions.revisions import delete_message
from chat.models import Conversation
from tests.sync.conftest import Say, Verify, alike, proves

pytestmark = pytest.mark.django_db(transaction=True)

THERE = ("alice", "alice again", "bob", "gus")


@proves(pin_message, unpin_message, events=("message.updated",))
def test_a_pin_comes_and_goes(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    message = say(bob, town)

    def pin() -> None:
        for _ in range(2):
            pin_message(alice, message.id)
        unpin_message(alice, message.id)
        pin_message(alice, message.id)

    assert verify(pin) == alike(THERE, ["message.updated"] * 3)


@proves(pin_message, delete_message, events=("message.updated", "message.deleted", "conversation.updated"))
def test_what_is_deleted_is_pinned_no_more(verify: Verify, alice: Member, town: Conversation, say: Say) -> None:
    message = say(alice, town)

    def pin_and_delete() -> None:
        pin_message(alice, message.id)
        delete_message(alice, message.id)

    assert verify(pin_and_delete) == alike(THERE, ["message.updated", "message.deleted", "conversation.updated"])
