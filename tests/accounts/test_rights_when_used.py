"""A right is checked when it is used: an invitation gives no more than who made it may give now."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.actions import (
    accept_invitation,
    change_role,
    deactivate_member,
    invite_member,
    renew_link,
    transfer_ownership,
)
from accounts.actions.invitations import invitation_state, pending_invitations
from accounts.actions.sanctions import suspend
from accounts.errors import Conflict, Forbidden
from accounts.models import Invitation, Member, User
from accounts.roles import Role
from accounts.tenancy import member_of
from tests.cast import make_member, make_user


@pytest.fixture
def olga(acme) -> Member:
    """A second owner."""
    return make_member(acme, "Olga", role=Role.OWNER)


def open_roles() -> set[str]:
    return set(pending_invitations().values_list("role", flat=True))


def test_a_demoted_owner_keeps_the_invitations_that_the_new_rank_may_give(alice, olga, in_acme):
    secrets = {role: invite_member(olga, role=role)[1] for role in (Role.OWNER, Role.ADMIN, Role.MEMBER)}
    change_role(alice, olga, role=Role.ADMIN)
    assert open_roles() == {"admin", "member"}
    with pytest.raises(Conflict):
        accept_invitation(make_user("back@acme.test"), secrets[Role.OWNER])
    assert accept_invitation(make_user("new@acme.test"), secrets[Role.ADMIN]).role == Role.ADMIN


def test_who_gives_the_ownership_away_gives_its_invitations_away(alice, adam, in_acme):
    _, secret = invite_member(alice, role=Role.OWNER)
    transfer_ownership(alice, adam)
    assert open_roles() == set()
    with pytest.raises(Conflict):
        accept_invitation(make_user("back@acme.test"), secret)


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.MEMBER, Role.GUEST])
def test_below_admin_none_is_left(alice, olga, in_acme, role):
    invite_member(olga, role=Role.GUEST)
    change_role(alice, olga, role=role)
    assert open_roles() == set()


@pytest.mark.parametrize("how", ["row", "user", "deactivated", "suspended"])
def test_the_present_rank_counts_also_where_nothing_was_withdrawn(alice, adam, in_acme, how):
    """As when an invitation is made while the demotion is under way."""
    invitation, secret = invite_member(adam, role=Role.ADMIN)
    if how == "row":
        Member.objects.filter(pk=adam.pk).update(role=Role.MEMBER)
    elif how == "user":
        User.objects.filter(pk=adam.user_id).update(is_active=False)
    elif how == "deactivated":
        deactivate_member(alice, adam)
    else:
        suspend(alice, adam, until=None, reason="why")
    Invitation.objects.filter(pk=invitation.pk).update(revoked_at=None)
    with pytest.raises(Conflict):
        accept_invitation(make_user("new@acme.test"), secret)
    assert invitation_state(Invitation.objects.select_related("invited_by__user").get()) == "revoked"
    page = Client().get(f"/join/{secret}")
    assert (page.status_code, "was withdrawn" in page.content.decode()) == (410, True)
    assert Client().post(
        f"/join/{secret}", {"name": "N", "email": "n@acme.test", "password1": "x" * 12}
    ).status_code in {
        409,
        410,
    }
    assert not User.objects.filter(email="n@acme.test").exists()


def test_a_former_owner_comes_back_as_what_they_were_invited_to(alice, olga, adam, in_acme):
    deactivate_member(alice, olga)
    _, secret = invite_member(adam, email=olga.user.email, role=Role.GUEST)
    assert accept_invitation(olga.user, secret).role == Role.GUEST
    assert Member.objects.get(pk=olga.pk).role == Role.GUEST


def test_a_link_is_renewed_by_whom_may_give_the_role(alice, adam, bob, charlie, in_acme):
    invitation, secret = invite_member(alice, email="dora@acme.test", role=Role.OWNER)
    for member in (adam, bob):
        with pytest.raises(Forbidden):
            renew_link(member, invitation)
    new = renew_link(alice, invitation)
    dora = make_user("dora@acme.test")
    assert member_of(charlie.user, "acme") is None
    assert accept_invitation(dora, new).role == Role.OWNER
    assert new != secret
    with pytest.raises(Conflict):
        renew_link(alice, invitation)
