"""The colours of generated avatars are given out in turn."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection

from accounts.actions.members import TINTS, add_member, deactivate_member
from accounts.actions.organizations import create_organization
from accounts.models import Member, Organization, User
from accounts.roles import Role
from accounts.tenancy import every_organization, organization_scope

MIGRATION = import_module("accounts.migrations.0004_tint")


def join(organization: Organization, number: int) -> Member:
    user = User.objects.create(email=f"person-{number}@example.com", name=f"Person {number}")
    return add_member(organization, user, role=Role.MEMBER)


@pytest.fixture
def owner(db: None) -> Member:
    founder = User.objects.create(email="founder@example.com", name="Ada Byron")
    return create_organization(founder, name="New one")


def test_nobody_shares_a_colour_while_one_is_free(owner: Member) -> None:
    with organization_scope(owner.organization):
        others = [join(owner.organization, number) for number in range(TINTS)]
    tints = [owner.tint, *(one.tint for one in others)]
    assert sorted(tints[:TINTS]) == list(range(1, TINTS + 1))
    assert tints[TINTS] == owner.tint  # the thirteenth person begins a new round


def test_the_colour_of_somebody_who_left_is_free_again(owner: Member) -> None:
    with organization_scope(owner.organization):
        first, second = join(owner.organization, 1), join(owner.organization, 2)
        deactivate_member(owner, first)
        assert join(owner.organization, 3).tint == first.tint
        assert join(owner.organization, 4).tint not in {owner.tint, first.tint, second.tint}


def test_each_organization_begins_with_the_first_colour(owner: Member, charlie: Member) -> None:
    other = create_organization(charlie.user, name="Charlie's own")
    assert owner.tint == other.tint == 1


def test_members_that_there_were_before_got_a_colour_each(owner: Member, charlie: Member) -> None:
    with organization_scope(owner.organization):
        former = join(owner.organization, 99)
        deactivate_member(owner, former)
        for number in range(TINTS - 1):
            join(owner.organization, number)
    with every_organization():
        Member.objects.update(tint=0)
    with connection.schema_editor() as editor:
        MIGRATION.give_out(None, editor)
    with organization_scope(owner.organization):
        active = Member.objects.filter(deactivated_at=None)
        assert sorted(active.values_list("tint", flat=True)) == list(range(1, TINTS + 1))
    charlie.refresh_from_db()
    assert charlie.tint == 1
