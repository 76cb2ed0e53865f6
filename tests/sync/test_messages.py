from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.models import Member
from chat.actions.messages import Post, send_message, send_messages
from chat.actions.revisions import delete_message, edit_message
from chat.models import Conversation
from tests.sync.conftest import Say, Verify, alike, proves

pytestmark = pytest.mark.django_db(transaction=True)

THOSE_THERE = ("alice", "alice again", "bob", "gus")


@proves(send_message, events=("message.created",))
def test_send(verify: Verify, alice: Member, town: Conversation) -> None:
    received = verify(lambda: send_message(alice, town.pk, text="hello @bob", ref=uuid4()))
    assert received == alike(THOSE_THERE, ["message.created"])


@proves(send_message, events=("message.created",))
def test_send_twice(verify: Verify, alice: Member, town: Conversation) -> None:
    ref = uuid4()
    received = verify(lambda: [send_message(alice, town.pk, text="once", ref=ref) for _ in range(2)])
    assert received == alike(THOSE_THERE, ["message.created"])


@proves(send_messages, events=("message.created", "message.updated"))
def test_several_at_once_and_replies(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    root = say(bob, town, "root")
    posts = [
        Post(
            organization_id=member.organization_id,
            member_id=member.pk,
            conversation_id=town.pk,
            text="reply",
            ref=uuid4(),
            thread_id=root.id,
        )
        for member in (alice, bob, alice)
    ]
    received = verify(lambda: send_messages(posts))
    assert received == alike(THOSE_THERE, ["message.created"] * 3 + ["message.updated"])


@proves(edit_message, events=("message.updated",))
def test_edit(verify: Verify, alice: Member, town: Conversation, say: Say) -> None:
    message = say(alice, town, "helo")
    received = verify(lambda: edit_message(alice, message.id, text="hello"))
    assert received == alike(THOSE_THERE, ["message.updated"])


@proves(delete_message, events=("message.deleted", "conversation.updated"))
def test_delete(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    say(bob, town, "before")
    message = say(alice, town, "a mistake")
    received = verify(lambda: delete_message(alice, message.id))
    assert received == alike(THOSE_THERE, ["message.deleted", "conversation.updated"])


@proves(delete_message, events=("message.deleted", "message.updated", "conversation.updated"))
def test_delete_a_reply(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    head = say(bob, town, "before")
    reply = say(alice, town, "a mistake", thread_id=head.id)
    received = verify(lambda: delete_message(alice, reply.id))
    assert received == alike(THOSE_THERE, ["message.deleted", "message.updated", "conversation.updated"])
