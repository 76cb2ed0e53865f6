"""What happens to people in accounts/ reaches everybody who may know of them."""

from __future__ import annotations

import pytest

from accounts.actions import (
    accept_invitation,
    change_preferences,
    change_profile,
    change_role,
    deactivate_member,
    end_session,
    invite_member,
    prove_address,
    reactivate_member,
    renew_link,
    revoke_invitation,
    sign_out_everywhere,
    transfer_ownership,
)
from accounts.models import Member
from accounts.roles import Role
from chat.actions.conversations import create_channel
from chat.actions.members import publish_member, publish_own_member, welcome_member
from chat.actions.participants import leave_conversation
from chat.models import Conversation
from tests.cast import make_user, scope_of, sign_in
from tests.sync.conftest import Say, Verify, alike, proves

pytestmark = pytest.mark.django_db(transaction=True)

EVERYBODY = ("alice", "alice again", "bob", "gus", "dora")
BUT_GUS = ("alice", "alice again", "bob", "dora")
UPDATED = ["member.updated"]


@proves(change_profile, publish_member, events=("member.updated",))
def test_profile_of_somebody_whom_the_guest_meets(verify: Verify, bob: Member, town: Conversation) -> None:
    assert verify(lambda: change_profile(bob, name="Robert", title="Cook")) == alike(EVERYBODY, UPDATED)


@proves(change_profile, events=("member.updated",))
def test_profile_of_somebody_whom_the_guest_does_not_meet(verify: Verify, dora: Member, town: Conversation) -> None:
    assert verify(lambda: change_profile(dora, title="Cook")) == alike(BUT_GUS, UPDATED)


@proves(change_profile, events=("member.updated",))
def test_profile_of_somebody_who_wrote_and_left(verify: Verify, bob: Member, town: Conversation, say: Say) -> None:
    """The guest still reads what they wrote, under their name."""
    say(bob, town, "so long")
    with scope_of(bob):
        leave_conversation(bob, town.pk)
    assert verify(lambda: change_profile(bob, name="Robert")) == alike(EVERYBODY, UPDATED)


@proves(change_preferences, publish_own_member, events=("member.updated",))
def test_preferences_are_nobody_elses_business(verify: Verify, alice: Member, town: Conversation) -> None:
    def like() -> None:
        change_preferences(alice, theme="dark")
        change_preferences(alice, theme="dark")
        change_profile(alice, title="Captain")
        change_preferences(alice, density="compact")

    received = verify(like)
    assert received["alice"] == received["alice again"] == UPDATED * 3
    assert received["bob"] == received["gus"] == received["dora"] == UPDATED


@proves(change_role, events=("member.updated",))
def test_a_member_becomes_a_guest_and_a_guest_a_member(
    verify: Verify, alice: Member, bob: Member, gus: Member, town: Conversation
) -> None:
    def swap() -> None:
        change_role(alice, bob, role=Role.GUEST)
        change_role(alice, gus, role=Role.MEMBER)

    received = verify(swap)
    assert received["bob"] == received["gus"] == UPDATED * 2


@proves(transfer_ownership, events=("member.updated",))
def test_ownership(verify: Verify, alice: Member, bob: Member, town: Conversation) -> None:
    assert verify(lambda: transfer_ownership(alice, bob)) == alike(EVERYBODY, UPDATED * 2)


@proves(deactivate_member, events=("member.updated",))
def test_deactivation(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    say(bob, town, "the last word")
    received = verify(lambda: deactivate_member(alice, bob))
    assert received == alike(("alice", "alice again", "gus", "dora"), UPDATED)


@proves(reactivate_member, events=("member.updated",))
def test_reactivation(verify: Verify, alice: Member, dora: Member, town: Conversation, people) -> None:
    with scope_of(alice):
        deactivate_member(alice, dora)
    del people["dora"]
    assert verify(lambda: reactivate_member(alice, dora)) == alike(("alice", "alice again", "bob"), UPDATED)


@proves(
    accept_invitation,
    invite_member,
    prove_address,
    renew_link,
    revoke_invitation,
    welcome_member,
    events=("member.created", "conversation.created", "participant.created"),
)
def test_a_newcomer(verify: Verify, alice: Member, bob: Member, gus: Member) -> None:
    with scope_of(alice):
        create_channel(alice, kind="public", name="general", members=[bob.pk, gus.pk])

    def come() -> None:
        revoke_invitation(alice, invite_member(alice)[0])
        invitation, _ = invite_member(alice, role=Role.MEMBER)
        nina = make_user("nina@acme.test")
        assert prove_address(nina, nina.email)
        accept_invitation(nina, renew_link(alice, invitation))

    received = verify(come)
    assert received["bob"] == ["member.created", "participant.created"]
    assert received["gus"] == ["participant.created"]
    assert received["dora"] == ["member.created"]


@proves(end_session, sign_out_everywhere)
def test_signing_out_is_nobodys_business(verify: Verify, bob: Member, client) -> None:
    from allauth.usersessions.models import UserSession

    sign_in(client, bob.user)

    def leave() -> None:
        end_session(bob.user, session_id=UserSession.objects.get(user=bob.user).pk)
        sign_out_everywhere(bob.user)

    assert verify(leave) == {}
