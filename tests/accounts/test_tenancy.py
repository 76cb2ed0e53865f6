from __future__ import annotations

import asyncio

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actions import deactivate_member, invite_member
from accounts.models import Invitation, Member, Organization
from accounts.tenancy import (
    NoOrganizationInScope,
    WrongOrganization,
    current_organization_id,
    every_organization,
    invitation_by_hash,
    member_of,
    memberships_of,
    organization_scope,
)
from tests.cast import make_member, make_user, scope_of

# --- The manager ----------------------------------------------------------------------------------------

READS = {
    "all": lambda member: list(Member.objects.all()),
    "get": lambda member: Member.objects.get(pk=member.pk),
    "count": lambda member: Member.objects.count(),
    "filter": lambda member: Member.objects.filter(pk=member.pk).first(),
    "values": lambda member: list(Member.objects.values()),
    "update": lambda member: Member.objects.filter(pk=member.pk).update(title="x"),
    "delete": lambda member: Member.objects.filter(pk=member.pk).delete(),
    "reverse": lambda member: list(member.user.memberships.all()),
    "reverse filter": lambda member: member.user.memberships.filter(role="owner").count(),
    "create": lambda member: Member.objects.create(organization=member.organization, user=member.user),
    "save": lambda member: member.save(update_fields=["title"]),
    "instance delete": lambda member: member.delete(),
    "bulk": lambda member: Member.objects.bulk_create([Member(organization=member.organization, user=member.user)]),
}


@pytest.mark.parametrize("name", READS)
def test_without_a_scope_everything_raises(bob, name):
    with pytest.raises(NoOrganizationInScope):
        READS[name](bob)


async def _all(member: Member) -> list[Member]:
    return [row async for row in Member.objects.all()]


ASYNC_READS = {
    "async for": _all,
    "aget": lambda member: Member.objects.aget(pk=member.pk),
    "acount": lambda member: Member.objects.acount(),
    "asave": lambda member: member.asave(update_fields=["title"]),
    "adelete": lambda member: member.adelete(),
}


@pytest.mark.parametrize("name", ASYNC_READS)
@pytest.mark.django_db(transaction=True)
async def test_without_a_scope_everything_asynchronous_raises(bob, name):
    with pytest.raises(NoOrganizationInScope):
        await ASYNC_READS[name](bob)


def test_in_a_scope_only_its_rows_are_there(alice, bob, charlie):
    with scope_of(bob):
        assert set(Member.objects.all()) == {alice, bob}
        assert list(charlie.user.memberships.all()) == []
        assert not Member.objects.filter(pk=charlie.pk).update(title="mine")
        with pytest.raises(Member.DoesNotExist):
            Member.objects.get(pk=charlie.pk)
    with every_organization():
        assert set(Member.objects.all()) == {alice, bob, charlie}


def test_rows_of_others_cannot_be_written(bob, charlie):
    with scope_of(bob):
        for write in (charlie.save, charlie.delete):
            with pytest.raises(WrongOrganization):
                write()
        with pytest.raises(WrongOrganization):
            Member.objects.bulk_create([charlie])


def test_the_database_refuses_a_reference_to_another_tenant(bob, charlie):
    """The last net, below all code: the composite foreign key."""
    invitation = Invitation(
        organization=bob.organization, invited_by=charlie, secret_hash="x", expires_at=timezone.now()
    )
    with scope_of(bob), transaction.atomic():
        invitation.save(force_insert=True)
        with pytest.raises(IntegrityError, match="invitation_invited_by"):
            connection.check_constraints()
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
async def test_scopes_of_concurrent_tasks_are_their_own(bob, charlie):
    async def count(member: Member, rounds: int) -> set[str]:
        seen = set()
        with organization_scope(member.organization_id):
            for _ in range(rounds):
                seen |= {row.handle async for row in Member.objects.all()}
                await asyncio.sleep(0)
        return seen

    assert await asyncio.gather(*(count(member, 5) for member in [bob, charlie] * 4)) == [{"bob"}, {"charlie"}] * 4
    with pytest.raises(NoOrganizationInScope):
        current_organization_id()


# --- The doors ------------------------------------------------------------------------------------------


def test_memberships_of_a_user(alice, bob, charlie, globex):
    elsewhere = make_member(globex, "Bob", user=bob.user)
    assert memberships_of(bob.user) == [bob, elsewhere]
    assert [member.organization.slug for member in memberships_of(bob.user)] == ["acme", "globex"]
    with scope_of(alice):
        deactivate_member(alice, bob)
    assert memberships_of(bob.user) == [elsewhere]
    assert memberships_of(make_user("nobody@acme.test")) == []


def test_the_switcher_costs_one_query(bob):
    with CaptureQueriesContext(connection) as queries:
        assert [(member.organization.name, member.user.email) for member in memberships_of(bob.user)]
    assert len(queries) == 1


def test_member_of_an_organization(bob, charlie):
    assert member_of(bob.user, "acme") == bob
    assert member_of(charlie.user, "acme") is None
    assert member_of(bob.user, "nowhere") is None
    assert member_of(bob.user, "Acme") is None
    with scope_of(charlie):  # whatever happens to be open
        assert member_of(bob.user, "acme") == bob
        assert current_organization_id() == charlie.organization_id


def test_strangers_and_unknown_slugs_cost_the_same_query(bob, charlie):
    statements = []
    for user, slug in [(charlie.user, "acme"), (bob.user, "nowhere"), (bob.user, "acme")]:
        with CaptureQueriesContext(connection) as queries:
            member_of(user, slug)
        statements.append([query["sql"].replace(user.pk.hex, "?").replace(slug, "?") for query in queries])
    assert statements[0] == statements[1] == statements[2]
    assert len(statements[0]) == 1


def test_invitation_by_hash(alice, charlie):
    with scope_of(alice):
        invitation, _secret = invite_member(alice)
    found = invitation_by_hash(invitation.secret_hash)
    assert found == invitation
    assert (found.organization, found.invited_by) == (Organization.objects.get(slug="acme"), alice)
    assert invitation_by_hash("") is None
