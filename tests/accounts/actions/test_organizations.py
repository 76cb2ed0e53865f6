from __future__ import annotations

import pytest

from accounts.actions import change_organization, create_organization
from accounts.actions.organizations import ORGANIZATIONS_PER_USER, RESERVED_SLUGS, suggest_slug
from accounts.errors import Conflict, Forbidden, Invalid
from accounts.models import Member, Organization
from accounts.roles import Role
from accounts.tenancy import memberships_of
from tests.accounts.conftest import audit_log
from tests.cast import make_user, scope_of


def test_founder_becomes_owner(db, sent):
    user = make_user("ada@initech.test", name="Ada Lovelace")
    owner = create_organization(user, name="  Initech \n Ltd ", slug="Initech")
    assert (owner.role, owner.handle, owner.name) == (Role.OWNER, "ada.lovelace", "Ada Lovelace")
    assert (owner.organization.name, owner.organization.slug) == ("Initech Ltd", "initech")
    assert memberships_of(user) == [owner]
    assert [name for name, _ in sent] == ["member_joined", "organization_created"]
    assert sent[1][1] == {"organization": owner.organization, "owner": owner}
    (entry,) = audit_log("organization.created")
    assert (entry.organization_id, entry.actor_id, entry.user_id) == (owner.organization_id, owner.pk, user.pk)


@pytest.mark.parametrize("slug", ["admin", "api", "static", "o", "www"])
def test_reserved_slugs_are_refused(db, slug):
    assert slug in RESERVED_SLUGS
    with pytest.raises(Invalid) as refused:
        create_organization(make_user("ada@initech.test"), name="Initech", slug=slug)
    assert list(refused.value.errors) == ["slug"]
    assert not Organization.objects.exists()


@pytest.mark.parametrize("slug", ["-a", "a-", "a b", "a/b", "ä", "a" * 41, "a.b"])
def test_impossible_slugs_are_refused(db, slug):
    with pytest.raises(Invalid) as refused:
        create_organization(make_user("ada@initech.test"), name="Initech", slug=slug)
    assert list(refused.value.errors) == ["slug"]


@pytest.mark.parametrize("name", ["", " \n ", "\x00\x07", "x" * 81])
def test_impossible_names_are_refused(db, name):
    with pytest.raises(Invalid) as refused:
        create_organization(make_user("ada@initech.test"), name=name, slug="initech")
    assert list(refused.value.errors) == ["name"]


def test_taken_slug_is_a_conflict_and_leaves_nothing_behind(charlie, acme):
    with pytest.raises(Conflict, match="taken"):
        create_organization(charlie.user, name="Another Acme", slug="acme")
    assert Organization.objects.get(slug="acme") == acme
    assert [member.organization_id for member in memberships_of(charlie.user)] == [charlie.organization_id]


def test_slug_is_made_of_the_name(acme):
    assert suggest_slug("Initech GmbH") == "initech-gmbh"
    assert suggest_slug("Acme") == "acme-2"
    assert suggest_slug("API") == "api-2"
    assert suggest_slug("日本") == "organization-2"  # nothing left of it, and the word itself is reserved
    assert len(suggest_slug("x" * 80)) <= 40


def test_a_user_founds_a_bounded_number(charlie):
    for number in range(1, ORGANIZATIONS_PER_USER):
        create_organization(charlie.user, name=f"Company {number}")
    with pytest.raises(Conflict):
        create_organization(charlie.user, name="One too many")


@pytest.mark.parametrize("who", ["alice", "adam"])
def test_admins_change_the_organization(request, who, in_acme, acme, sent):
    member = request.getfixturevalue(who)
    changed = change_organization(member, name="Acme & Sons", edit_window=600, description="Anvils")
    acme.refresh_from_db()
    assert (acme.name, acme.edit_window, acme.description, acme.version) == ("Acme & Sons", 600, "Anvils", 2)
    assert sent == [("organization_changed", {"organization": changed})]
    (entry,) = audit_log("organization.changed")
    assert entry.before == {"name": "Acme", "edit_window": None, "description": ""}
    assert entry.after == {"name": "Acme & Sons", "edit_window": 600, "description": "Anvils"}


def test_changing_nothing_changes_nothing(alice, in_acme, acme, sent):
    change_organization(alice, name="Acme")
    acme.refresh_from_db()
    assert acme.version == 1
    assert sent == []
    assert audit_log("organization.changed") == []


@pytest.mark.parametrize("who", ["mona", "bob", "gus"])
def test_others_may_not_change_it(request, who, in_acme, acme):
    with pytest.raises(Forbidden):
        change_organization(request.getfixturevalue(who), name="Mine now")
    acme.refresh_from_db()
    assert acme.name == "Acme"


def test_charlie_changes_his_own_organization_only(alice, charlie, acme, globex):
    with scope_of(charlie):
        change_organization(charlie, name="Acme")
        assert list(Member.objects.all()) == [charlie]
    acme.refresh_from_db()
    globex.refresh_from_db()
    assert (acme.version, globex.version, globex.name) == (1, 2, "Acme")


def test_stale_version_is_a_conflict(alice, in_acme, acme):
    change_organization(alice, name="First", version=1)
    with pytest.raises(Conflict):
        change_organization(alice, name="Second", version=1)
    acme.refresh_from_db()
    assert acme.name == "First"


def test_edit_window_must_be_a_time(alice, in_acme):
    with pytest.raises(Invalid) as refused:
        change_organization(alice, edit_window=-1)
    assert list(refused.value.errors) == ["edit_window"]
