from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client

from accounts.actions import (
    change_profile,
    change_role,
    create_organization,
    deactivate_member,
    invite_member,
    reactivate_member,
    transfer_ownership,
)
from accounts.actions.invitations import invitation_state
from accounts.actions.members import add_member, suggest_handles
from accounts.credentials import session_credential, token_credential
from accounts.errors import Conflict, Forbidden, Invalid, NotFound
from accounts.models import Invitation, Member
from accounts.roles import Role, may_change_role
from accounts.tenancy import member_of, organization_scope
from accounts.tokens import find_token, issue_token
from tests.accounts.conftest import audit_log
from tests.cast import make_member, make_user, scope_of, sign_in


def fresh(member: Member) -> Member:
    with scope_of(member):
        return Member.objects.select_related("user").get(pk=member.pk)


# --- Joining ------------------------------------------------------------------------------------------


def test_handles_are_made_of_names(bob, in_acme):
    assert next(suggest_handles("Ada Lovelace")) == "ada.lovelace"
    assert next(suggest_handles("Bob")) == "bob2"
    assert next(suggest_handles("Here")) == "here2"
    assert next(suggest_handles("日本")) == "member"
    assert len(next(suggest_handles("x" * 80))) <= 32


def test_nobody_joins_twice(bob, in_acme, acme):
    with pytest.raises(Conflict):
        add_member(acme, bob.user, role=Role.MEMBER)
    assert Member.objects.filter(user=bob.user).count() == 1


def test_a_wanted_handle_may_be_taken(bob, in_acme, acme):
    with pytest.raises(Conflict, match="taken"):
        add_member(acme, make_user("robert@acme.test"), role=Role.MEMBER, handle="bob")


# --- Profile --------------------------------------------------------------------------------------------


def test_changing_ones_profile(bob, in_acme, sent):
    changed = change_profile(bob, name="Bob  Roberts", handle="Bobby", title="Support")
    assert (changed.name, changed.handle, changed.title, changed.version) == ("Bob Roberts", "bobby", "Support", 2)
    assert fresh(bob).handle == "bobby"
    assert [name for name, _ in sent] == ["member_changed"]
    assert sent[0][1]["member"] == changed
    assert audit_log("member.profile_changed")[0].before == {"name": "Bob", "handle": "bob", "title": ""}


def test_a_handle_is_taken_within_the_organization_only(bob, alice, charlie, in_acme):
    with pytest.raises(Conflict, match="taken"):
        change_profile(bob, handle="alice")
    assert change_profile(bob, handle="charlie").handle == "charlie"  # Globex's Charlie is nobody here
    with pytest.raises(Conflict, match="taken"):
        change_profile(bob, handle="everyone")


@pytest.mark.parametrize("changes", [{"handle": "b b"}, {"handle": ""}, {"name": ""}, {"title": "x" * 81}])
def test_impossible_profiles_are_refused(bob, in_acme, changes):
    with pytest.raises(Invalid) as refused:
        change_profile(bob, **changes)
    assert list(refused.value.errors) == list(changes)
    assert fresh(bob).version == 1


def test_stale_profile_is_a_conflict(bob, in_acme):
    change_profile(bob, title="One", version=1)
    with pytest.raises(Conflict):
        change_profile(bob, title="Two", version=1)


# --- Roles ----------------------------------------------------------------------------------------------


def test_role_changes_follow_rank(alice, adam, mona, bob, gus, in_acme):
    """Every combination of who changes whom to what ends as the table of roles says."""
    people = {member.role: member for member in (alice, adam, mona, bob, gus)}
    with organization_scope(alice.organization):
        make_member(alice.organization, "Olga", role=Role.OWNER)  # so that no owner is the last
    for actor in people.values():
        for subject in people.values():
            for role in Role:
                _try_role(fresh(actor), fresh(subject), role)
                Member.objects.filter(pk=subject.pk).update(role=subject.role)


def _try_role(actor: Member, subject: Member, role: Role) -> None:
    if may_change_role(actor.role, subject.role, role):
        assert change_role(actor, subject, role=role).role == role
    else:
        with pytest.raises(Forbidden):
            change_role(actor, subject, role=role)
        assert fresh(subject).role == subject.role


def test_role_change_is_published_and_recorded(alice, bob, in_acme, sent):
    changed = change_role(alice, bob, role=Role.MODERATOR, reason="knows everybody")
    assert (changed.role, changed.version) == (Role.MODERATOR, 2)
    assert [name for name, _ in sent] == ["member_changed"]
    assert sent[0][1]["member"] == changed
    (entry,) = audit_log("member.role_changed")
    assert (entry.actor_id, entry.target_id, entry.reason) == (alice.pk, str(bob.pk), "knows everybody")
    assert (entry.before, entry.after) == ({"role": "member"}, {"role": "moderator"})


def test_the_rank_counts_as_it_is_now_not_as_it_was_read(alice, adam, bob, in_acme):
    stale = fresh(adam)
    change_role(alice, adam, role=Role.MEMBER)
    with pytest.raises(Forbidden):
        change_role(stale, bob, role=Role.GUEST)


def test_last_owner_stays(alice, adam, in_acme):
    with pytest.raises(Conflict, match="owner"):
        change_role(alice, alice, role=Role.ADMIN)
    with pytest.raises(Conflict, match="owner"):
        deactivate_member(alice, alice)
    assert (fresh(alice).role, fresh(alice).is_active) == (Role.OWNER, True)


def test_a_deactivated_owner_is_no_owner_left(alice, in_acme, acme):
    olga = make_member(acme, "Olga", role=Role.OWNER)
    deactivate_member(alice, olga)
    with pytest.raises(Conflict, match="owner"):
        change_role(alice, alice, role=Role.MEMBER)


def test_ownership_is_handed_over(alice, bob, in_acme):
    transfer_ownership(alice, bob)
    assert (fresh(alice).role, fresh(bob).role) == (Role.ADMIN, Role.OWNER)
    with pytest.raises(Forbidden):
        transfer_ownership(alice, bob)


def test_charlie_reaches_nobody_in_acme(bob, charlie):
    with scope_of(charlie):
        for act in (deactivate_member, reactivate_member, transfer_ownership):
            with pytest.raises(NotFound):
                act(charlie, bob)
        with pytest.raises(NotFound):
            change_role(charlie, bob, role=Role.GUEST)
    assert (fresh(bob).role, fresh(bob).is_active, fresh(bob).version) == (Role.MEMBER, True, 1)


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_leave_one(alice, acme):
    olga = make_member(acme, "Olga", role=Role.OWNER)
    start = threading.Barrier(2)

    def demote(actor: Member, subject: Member) -> str:
        try:
            with organization_scope(acme):
                start.wait(timeout=10)
                change_role(actor, subject, role=Role.MEMBER)
        except (Conflict, Forbidden):
            return "refused"
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(demote, [alice, olga], [olga, alice]))
    assert sorted(outcomes) == ["done", "refused"]
    with organization_scope(acme):
        assert Member.objects.filter(role=Role.OWNER).count() == 1


# --- Leaving and coming back ----------------------------------------------------------------------------


def test_deactivated_member_with_no_other_organization_is_signed_out_at_once(alice, bob, in_acme, sent):
    browser = sign_in(Client(), bob.user)
    token, secret = issue_token(bob.user, label="phone")
    key = browser.session.session_key

    deactivate_member(alice, bob, reason="left the company")

    assert member_of(bob.user, "acme") is None
    assert find_token(secret) is None
    assert not browser.session.exists(key)
    assert not UserSession.objects.filter(user=bob.user).exists()
    assert ("member_deactivated", {"member": fresh(bob)}) in sent
    ended = [one for name, given in sent if name == "credential_ended" for one in given["credentials"]]
    assert sorted(ended) == sorted([session_credential(key), token_credential(token)])
    assert audit_log("member.deactivated")[0].reason == "left the company"


def test_deactivated_member_keeps_what_belongs_to_another_organization(alice, bob, in_acme, sent):
    elsewhere = create_organization(bob.user, name="Bob's own", slug="bobs")
    browser = sign_in(Client(), bob.user)
    _token, secret = issue_token(bob.user, label="phone")

    deactivate_member(alice, bob)

    assert member_of(bob.user, "acme") is None
    assert member_of(bob.user, "bobs") == elsewhere
    assert find_token(secret) is not None
    assert browser.session.exists(browser.session.session_key)
    assert "credential_ended" not in [name for name, _ in sent]


@pytest.mark.parametrize(
    ("who", "whom", "allowed"),
    [
        ("alice", "adam", True),
        ("adam", "bob", True),
        ("adam", "alice", False),
        ("mona", "bob", False),
        ("bob", "gus", False),
        ("gus", "gus", True),  # everybody may leave
        ("bob", "bob", True),
    ],
)
def test_who_may_deactivate_whom(request, alice, in_acme, who, whom, allowed):
    actor, subject = request.getfixturevalue(who), request.getfixturevalue(whom)
    if allowed:
        assert not deactivate_member(actor, subject).is_active
    else:
        with pytest.raises(Forbidden):
            deactivate_member(actor, subject)
    assert fresh(subject).is_active is not allowed


def test_deactivating_twice_is_once(alice, bob, in_acme):
    first = deactivate_member(alice, bob)
    again = deactivate_member(alice, bob)
    assert (again.deactivated_at, again.version) == (first.deactivated_at, first.version)
    assert len(audit_log("member.deactivated")) == 1


def test_deactivated_admin_can_do_nothing_any_more(alice, adam, bob, in_acme):
    deactivate_member(alice, adam)
    for act in (deactivate_member, reactivate_member):
        with pytest.raises(Forbidden):
            act(adam, bob)
    with pytest.raises(Forbidden):
        reactivate_member(adam, adam)


def test_open_invitations_end_with_the_right_to_make_them(alice, adam, in_acme):
    invitation, _secret = invite_member(adam, email="new@acme.test")
    change_role(alice, adam, role=Role.MEMBER)
    assert invitation_state(Invitation.objects.get(pk=invitation.pk)) == "revoked"


def test_reactivated_member_is_back_as_they_were(alice, mona, in_acme, sent):
    deactivate_member(alice, mona)
    back = reactivate_member(alice, mona)
    assert (back.is_active, back.role, back.version) == (True, Role.MODERATOR, 3)
    assert member_of(mona.user, "acme") == back
    assert sent[-1] == ("member_reactivated", {"member": back})
    with pytest.raises(Forbidden):
        reactivate_member(fresh(mona), mona)
