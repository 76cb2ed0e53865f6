from __future__ import annotations

import pytest

from accounts.models import Member
from chat.actions.conversations import create_channel
from chat.actions.participants import (
    add_participant,
    change_participant,
    change_preferences,
    join_conversation,
    leave_conversation,
    remove_participant,
)
from chat.models import Conversation, Participant
from tests.sync.conftest import Say, Verify, alike, proves
from tests.sync.test_messages import THOSE_THERE

pytestmark = pytest.mark.django_db(transaction=True)

ENTERED = ("conversation.created", "participant.created")
SHARED, OWN = ["participant.created"], ["conversation.created", "participant.created", "participant.created"]


@proves(join_conversation, events=ENTERED)
def test_join(verify: Verify, alice: Member, bob: Member, gus: Member, dora: Member, say: Say) -> None:
    def square() -> Conversation:
        return create_channel(alice, kind="public", name="square", members=[bob.pk, gus.pk])

    received = verify(lambda: join_conversation(dora, square().pk))
    assert received["dora"] == OWN
    assert received["gus"][-1:] == SHARED


@proves(join_conversation, events=ENTERED)
def test_join_where_much_was_said(verify: Verify, alice: Member, dora: Member, acme, say: Say) -> None:
    from tests.cast import scope_of

    with scope_of(alice):
        square = create_channel(alice, kind="public", name="square")
    for number in range(70):
        say(alice, square, f"m{number}")
    received = verify(lambda: join_conversation(dora, square.pk))
    assert received == {"dora": OWN, "alice": SHARED, "alice again": SHARED}


@proves(add_participant, events=ENTERED)
def test_add(verify: Verify, alice: Member, dora: Member, town: Conversation, say: Say) -> None:
    say(alice, town, "before she came")
    received = verify(lambda: add_participant(alice, town.pk, member_id=dora.pk))
    assert received == {"dora": OWN, **alike(THOSE_THERE, SHARED)}


@proves(leave_conversation, events=("participant.removed",))
def test_leave(verify: Verify, bob: Member, town: Conversation, say: Say) -> None:
    say(bob, town, "goodbye")
    received = verify(lambda: leave_conversation(bob, town.pk))
    assert received == alike(THOSE_THERE, ["participant.removed"])


@proves(leave_conversation, events=("participant.removed", "participant.updated"))
def test_the_last_admin_leaves(verify: Verify, alice: Member, town: Conversation) -> None:
    received = verify(lambda: leave_conversation(alice, town.pk))
    assert received["alice"] == received["alice again"] == ["participant.removed"]
    assert {*received["bob"]} == {*received["gus"]} == {"participant.removed", "participant.updated"}


@proves(remove_participant, events=("participant.removed",))
def test_remove(verify: Verify, alice: Member, gus: Member, town: Conversation) -> None:
    received = verify(lambda: remove_participant(alice, town.pk, member_id=gus.pk))
    assert received == alike(THOSE_THERE, ["participant.removed"])


@proves(remove_participant, add_participant, events=("message.created", "participant.removed", *ENTERED))
def test_remove_and_bring_back(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    """What waited for him is taken back and its place is taken by his removal, so his tags stay dense."""
    say(bob, town, "of old")

    def out_and_in() -> None:
        say(alice, town, "while he is there")
        remove_participant(alice, town.pk, member_id=bob.pk)
        say(alice, town, "while he is away")
        add_participant(alice, town.pk, member_id=bob.pk)
        say(alice, town, "while he is back")

    received = verify(out_and_in)
    assert received["bob"] == ["participant.removed"] * 2 + OWN + ["message.created"]
    assert received["gus"].count("message.created") == 3


@proves(change_participant, events=("participant.updated",))
def test_make_admin(verify: Verify, alice: Member, bob: Member, town: Conversation) -> None:
    received = verify(lambda: change_participant(alice, town.pk, member_id=bob.pk, role=Participant.Role.ADMIN))
    assert received == {**alike(THOSE_THERE, ["participant.updated"]), "bob": ["participant.updated"] * 2}


@proves(change_preferences, events=("participant.updated",))
def test_mute(verify: Verify, alice: Member, town: Conversation) -> None:
    received = verify(lambda: change_preferences(alice, town.pk, muted=True, notifications="none", favourite=True))
    assert received == alike(("alice", "alice again"), ["participant.updated"])
