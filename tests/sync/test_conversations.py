from __future__ import annotations

from itertools import chain

import pytest

from accounts.models import Member
from chat.actions.conversations import archive_conversation, create_channel, start_direct, update_conversation
from chat.models import Conversation
from tests.sync.conftest import Verify, alike, proves
from tests.sync.test_messages import THOSE_THERE

pytestmark = pytest.mark.django_db(transaction=True)


def participants(*, own: int, of: int) -> list[str]:
    """The events of a new conversation: it, its participants, and the participant's own private state."""
    each = (["participant.created"] * (2 if number == own else 1) for number in range(of))
    return ["conversation.created", *chain.from_iterable(each)]


@pytest.mark.parametrize("kind", ["public", "private"])
@proves(create_channel, events=("conversation.created", "participant.created"))
def test_create_channel(verify: Verify, alice: Member, bob: Member, gus: Member, kind) -> None:
    received = verify(lambda: create_channel(alice, kind=kind, name="new", members=[bob.pk, gus.pk]))
    assert received == alike(THOSE_THERE, participants(own=0, of=3))


@proves(start_direct, events=("conversation.created", "participant.created"))
def test_start_direct(verify: Verify, alice: Member, bob: Member) -> None:
    received = verify(lambda: start_direct(alice, kind="direct", members=[bob.pk]))
    assert received == alike(("alice", "alice again", "bob"), participants(own=0, of=2))


@proves(start_direct, events=("conversation.created", "participant.created"))
def test_start_group_with_a_guest(verify: Verify, alice: Member, bob: Member, gus: Member) -> None:
    received = verify(lambda: start_direct(alice, kind="group", members=[bob.pk, gus.pk]))
    assert received == alike(THOSE_THERE, participants(own=0, of=3))


@proves(update_conversation, events=("conversation.updated",))
def test_rename(verify: Verify, alice: Member, town: Conversation) -> None:
    received = verify(lambda: update_conversation(alice, town.pk, name="city", topic="larger"))
    assert received == alike(THOSE_THERE, ["conversation.updated"])


@proves(archive_conversation, events=("conversation.updated",))
def test_archive_and_open_again(verify: Verify, alice: Member, town: Conversation) -> None:
    def twice() -> None:
        archive_conversation(alice, town.pk)
        archive_conversation(alice, town.pk, archived=False)

    assert verify(twice) == alike(THOSE_THERE, ["conversation.updated"] * 2)
