"""A member's sections reach their own clients alone."""

from __future__ import annotations

from uuid import UUID

import pytest

from accounts.models import Member
from chat.actions.sidebars import change_sidebar
from chat.entities.sidebars import Section
from chat.models import Conversation
from tests.cast import scope_of
from tests.sync.conftest import Verify, alike, proves

pytestmark = pytest.mark.django_db(transaction=True)

OWN = ("alice", "alice again")
UPDATED = ["sidebar.updated"]


@proves(change_sidebar, events=("sidebar.updated",))
def test_the_first_section(verify: Verify, alice: Member, town: Conversation) -> None:
    section = Section(id=UUID(int=1), name="Launch", conversations=[town.pk])
    assert verify(lambda: change_sidebar(alice, sections=[section], version=0)) == alike(OWN, UPDATED)


@proves(change_sidebar, events=("sidebar.updated",))
def test_a_section_that_is_deleted(verify: Verify, alice: Member, town: Conversation) -> None:
    with scope_of(alice):
        version = change_sidebar(alice, sections=[Section(UUID(int=1), "Launch", [town.pk])], version=0).version
    assert verify(lambda: change_sidebar(alice, sections=[], version=version)) == alike(OWN, UPDATED)


@proves(change_sidebar)
def test_no_sections_instead_of_none(verify: Verify, alice: Member) -> None:
    assert verify(lambda: change_sidebar(alice, sections=[], version=0)) == {}
