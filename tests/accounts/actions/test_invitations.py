from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.utils import timezone

from accounts.actions import accept_invitation, deactivate_member, invite_member, revoke_invitation
from accounts.actions.invitations import PENDING_INVITATIONS, invitation_state
from accounts.credentials import hash_secret
from accounts.errors import Conflict, Forbidden, Invalid, NotFound
from accounts.models import Invitation, Member, User
from accounts.roles import Role
from accounts.tenancy import member_of, organization_scope
from tests.accounts.conftest import audit_log
from tests.cast import make_user, scope_of


def state_of(invitation: Invitation) -> str:
    with scope_of(invitation.invited_by):
        return invitation_state(Invitation.objects.get(pk=invitation.pk))


def test_only_a_hash_of_the_secret_is_kept(adam, in_acme):
    invitation, secret = invite_member(adam, role=Role.GUEST)
    assert invitation.secret_hash == hash_secret(secret)
    assert len(secret) >= 43  # 256 bits
    assert secret not in repr(Invitation.objects.values())


def test_the_invited_become_members(adam, in_acme, sent):
    dora = make_user("dora@acme.test", name="Dora")
    invitation, secret = invite_member(adam, email="Dora@Acme.test", role=Role.MODERATOR)
    member = accept_invitation(dora, secret)
    assert member_of(dora, "acme") == member
    assert (member.role, member.handle) == (Role.MODERATOR, "dora")
    assert sent == [("member_joined", {"member": member, "actor": adam})]
    assert state_of(invitation) == "accepted"
    assert Invitation.objects.get(pk=invitation.pk).accepted_by == member
    assert [entry.actor_id for entry in audit_log("invitation.accepted")] == [member.pk]


def test_an_invitation_works_once(adam, in_acme):
    _invitation, secret = invite_member(adam)
    accept_invitation(make_user("dora@acme.test"), secret)
    with pytest.raises(Conflict):
        accept_invitation(make_user("eve@acme.test"), secret)
    assert Member.objects.filter(user__email="eve@acme.test").count() == 0


@pytest.mark.django_db(transaction=True)
def test_of_ten_who_race_for_one_link_one_wins(adam, acme):
    users = [make_user(f"racer{number}@acme.test") for number in range(10)]
    with organization_scope(acme):
        _invitation, secret = invite_member(adam)
    start = threading.Barrier(len(users))

    def accept(user: User) -> str:
        try:
            start.wait(timeout=30)
            accept_invitation(user, secret)
        except Conflict:
            return "refused"
        else:
            return "joined"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(users)) as pool:
        outcomes = list(pool.map(accept, users))
    assert sorted(outcomes) == ["joined"] + ["refused"] * 9
    with organization_scope(acme):
        assert Member.objects.filter(user__in=users).count() == 1


@pytest.mark.django_db(transaction=True)
def test_people_of_one_name_who_join_at_once_get_handles_of_their_own(adam, acme):
    users = [make_user(f"ada{number}@acme.test", name="Ada") for number in range(4)]
    with organization_scope(acme):
        secrets = [invite_member(adam)[1] for _ in users]
    start = threading.Barrier(len(users))

    def accept(user: User, secret: str) -> str:
        try:
            start.wait(timeout=30)
            return accept_invitation(user, secret).handle
        finally:
            connection.close()

    with ThreadPoolExecutor(len(users)) as pool:
        handles = list(pool.map(accept, users, secrets))
    assert sorted(handles) == ["ada", "ada2", "ada3", "ada4"]


def test_an_invitation_expires(adam, in_acme, settings):
    settings.INVITATION_DAYS = 7
    invitation, secret = invite_member(adam)
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)), pytest.raises(Conflict):
        accept_invitation(make_user("dora@acme.test"), secret)
    assert invitation.accepted_at is None


def test_unknown_secrets_lead_nowhere(adam, in_acme):
    invite_member(adam)
    dora = make_user("dora@acme.test")
    for secret in ("", "x", "\ud800", "a" * 10_000):
        with pytest.raises(NotFound):
            accept_invitation(dora, secret)


def test_an_invitation_for_somebody_else_is_refused(adam, charlie, in_acme):
    invitation, secret = invite_member(adam, email="dora@acme.test")
    with pytest.raises(Forbidden):
        accept_invitation(charlie.user, secret)
    assert member_of(charlie.user, "acme") is None
    assert state_of(invitation) == "pending"


def test_accepting_shows_that_the_address_is_ones_own(adam, in_acme):
    dora = make_user("dora@acme.test")
    EmailAddress.objects.filter(user=dora).update(verified=False)
    _invitation, secret = invite_member(adam, email="dora@acme.test")
    accept_invitation(dora, secret)
    assert EmailAddress.objects.get(user=dora).verified


def test_members_cannot_accept_and_do_not_use_the_link_up(adam, bob, in_acme):
    invitation, secret = invite_member(adam)
    with pytest.raises(Conflict):
        accept_invitation(bob.user, secret)
    assert state_of(invitation) == "pending"


def test_one_member_is_not_invited_again(adam, bob, in_acme):
    with pytest.raises(Conflict):
        invite_member(adam, email=bob.user.email)


def test_a_newer_invitation_of_one_address_replaces_the_older(adam, in_acme):
    older, old_secret = invite_member(adam, email="dora@acme.test")
    newer, _new_secret = invite_member(adam, email="dora@acme.test", role=Role.GUEST)
    assert (state_of(older), state_of(newer)) == ("revoked", "pending")
    with pytest.raises(Conflict):
        accept_invitation(make_user("dora@acme.test"), old_secret)


def test_revoked_is_revoked(adam, in_acme):
    invitation, secret = invite_member(adam)
    revoke_invitation(adam, invitation)
    with pytest.raises(Conflict):
        accept_invitation(make_user("dora@acme.test"), secret)
    with pytest.raises(Conflict):
        revoke_invitation(adam, invitation)
    assert len(audit_log("invitation.revoked")) == 1


@pytest.mark.parametrize(
    ("who", "role", "allowed"),
    [
        ("alice", Role.OWNER, True),
        ("adam", Role.OWNER, False),
        ("adam", Role.ADMIN, True),
        ("mona", Role.MEMBER, False),
        ("bob", Role.GUEST, False),
        ("gus", Role.GUEST, False),
    ],
)
def test_who_may_invite_as_what(request, in_acme, who, role, allowed):
    member = request.getfixturevalue(who)
    if allowed:
        assert invite_member(member, role=role)[0].role == role
    else:
        with pytest.raises(Forbidden):
            invite_member(member, role=role)
    assert Invitation.objects.count() == int(allowed)


def test_others_may_not_revoke(adam, bob, in_acme):
    invitation, _secret = invite_member(adam)
    with pytest.raises(Forbidden):
        revoke_invitation(bob, invitation)
    assert state_of(invitation) == "pending"


def test_charlie_revokes_nothing_of_acme(adam, charlie, acme):
    with organization_scope(acme):
        invitation, _secret = invite_member(adam)
    with scope_of(charlie):
        with pytest.raises(Conflict):
            revoke_invitation(charlie, invitation)
        assert Invitation.objects.count() == 0
    assert state_of(invitation) == "pending"


@pytest.mark.parametrize("email", ["nobody", "a@b", "x" * 250 + "@acme.test"])
def test_impossible_addresses_are_refused(adam, in_acme, email):
    with pytest.raises(Invalid) as refused:
        invite_member(adam, email=email)
    assert list(refused.value.errors) == ["email"]


def test_open_invitations_are_bounded(adam, in_acme):
    later = timezone.now() + timedelta(days=1)
    Invitation.objects.bulk_create(
        Invitation(organization=adam.organization, invited_by=adam, secret_hash=f"{number:064}", expires_at=later)
        for number in range(PENDING_INVITATIONS)
    )
    with pytest.raises(Conflict, match="open invitations"):
        invite_member(adam)


def test_a_deactivated_member_comes_back_by_a_new_invitation_to_their_address_only(alice, bob, in_acme):
    _before, old_secret = _invitation_from_before(alice, bob)
    deactivate_member(alice, bob)
    _link, link_secret = invite_member(alice)
    for secret in (old_secret, link_secret):
        with pytest.raises(Forbidden):
            accept_invitation(bob.user, secret)
    assert member_of(bob.user, "acme") is None

    _new, secret = invite_member(alice, email=bob.user.email, role=Role.GUEST)
    assert accept_invitation(bob.user, secret).pk == bob.pk
    assert member_of(bob.user, "acme") == bob


def _invitation_from_before(alice: Member, bob: Member) -> tuple[Invitation, str]:
    """One to the address of somebody who is a member by another way meanwhile."""
    invitation, secret = invite_member(alice)
    Invitation.objects.filter(pk=invitation.pk).update(email=bob.user.email)
    return invitation, secret


@pytest.mark.usefixtures("eager_tasks")
def test_the_link_is_mailed_after_commit(adam, in_acme, settings, django_capture_on_commit_callbacks):
    settings.BASE_URL = "https://chat.acme.test"
    with django_capture_on_commit_callbacks(execute=True):
        _invitation, secret = invite_member(adam, email="dora@acme.test")
        assert mail.outbox == []
    (message,) = mail.outbox
    assert message.to == ["dora@acme.test"]
    assert message.subject == "Adam invites you to Acme on Parley"
    assert f"https://chat.acme.test/join/{secret}" in message.body


def test_a_link_to_pass_on_is_mailed_to_nobody(adam, in_acme, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        invite_member(adam)
    assert callbacks == []
