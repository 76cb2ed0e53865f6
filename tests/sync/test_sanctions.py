from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Member
from chat.actions.sanctions import acknowledge_sanction, lift_sanction, mute_member, suspend_member, warn_member
from chat.models import Conversation
from tests.cast import scope_of
from tests.sync.conftest import Verify, alike, proves

pytestmark = pytest.mark.django_db(transaction=True)

OTHERS = ("alice", "alice again", "gus", "dora")


@proves(warn_member, events=("sanction.created",))
def test_a_warning_is_between_the_moderators_and_the_member(verify: Verify, alice: Member, bob: Member) -> None:
    assert verify(lambda: warn_member(alice, bob.pk, reason="Mind your tone.")) == {"bob": ["sanction.created"]}


@proves(acknowledge_sanction, events=("sanction.updated",))
def test_that_a_warning_was_read_reaches_the_other_devices_of_the_member(
    verify: Verify, people: dict[str, Member], alice: Member, bob: Member
) -> None:
    people["bob again"] = bob
    with scope_of(alice):
        warning = warn_member(alice, bob.pk, reason="Mind your tone.")

    def read_twice() -> None:
        acknowledge_sanction(bob, warning.pk)
        acknowledge_sanction(bob, warning.pk)

    assert verify(read_twice) == alike(("bob", "bob again"), ["sanction.updated"])


@proves(mute_member, lift_sanction, events=("member.updated", "sanction.created", "sanction.updated"))
def test_a_mute_is_sent_to_the_member_alone(verify: Verify, alice: Member, bob: Member, town: Conversation) -> None:
    def mute_twice_and_lift() -> None:
        mute_member(alice, bob.pk, reason="Noise", until=timezone.now() + timedelta(hours=1))
        mute_member(alice, bob.pk, reason="Noise", until=timezone.now() + timedelta(hours=2))
        lift_sanction(alice, bob.pk, kind="mute", reason="Enough")

    first = ["member.updated", "sanction.created"]
    again = ["member.updated", "sanction.updated", "sanction.created"]
    assert verify(mute_twice_and_lift) == {"bob": [*first, *again, "member.updated", "sanction.updated"]}


@proves(suspend_member, events=("member.updated", "sanction.created"))
def test_everybody_sees_that_a_member_is_suspended(
    verify: Verify, alice: Member, bob: Member, town: Conversation
) -> None:
    received = verify(lambda: suspend_member(alice, bob.pk, reason="Threats"))
    assert received == alike(OTHERS, ["member.updated"])


@proves(lift_sanction, events=("member.updated", "sanction.updated"))
def test_everybody_sees_that_they_are_back(
    verify: Verify, people: dict[str, Member], alice: Member, bob: Member, town: Conversation
) -> None:
    people.pop("bob")  # has no client by then
    with scope_of(alice):
        suspend_member(alice, bob.pk, reason="Threats")
    received = verify(lambda: lift_sanction(alice, bob.pk, kind="suspension", reason="A mistake"))
    assert received == alike(OTHERS, ["member.updated"])
