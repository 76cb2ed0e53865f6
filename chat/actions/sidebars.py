"""The sections of a member's sidebar. Lock order: sidebar, clients (inside publish)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext

from accounts.clean_text import clean_line, draws_nothing
from accounts.models import Member
from accounts.rules import governed
from chat import rules
from chat.access.predicates import participations_of
from chat.delivery import Draft, one_member, publish
from chat.entities.sidebars import Section
from chat.entities.sidebars import Sidebar as SidebarEntity
from chat.errors import Conflict, Invalid
from chat.models.sidebars import Sidebar

SECTIONS: Final = 50  # more headings than anybody finds anything by
NAME_LENGTH: Final = 40  # characters: the sidebar is as wide as that
CONVERSATIONS: Final = 1000  # in all sections together: 40 KB of every event for the member's clients


@governed(rules.CHANGE_SIDEBAR)
@transaction.atomic
def change_sidebar(member: Member, *, sections: Sequence[Section], version: int) -> SidebarEntity:
    """Replace the member's sections and return them. The same sections again change nothing.

    Conversations that the member does not take part in are left out. `version`: of the sidebar that was changed, 0
    where there was none. Raises Conflict where it has changed since, and Invalid.
    """
    wanted = _clean(sections)
    sidebar, _ = Sidebar.objects.select_for_update().get_or_create(
        member=member, defaults={"organization_id": member.organization_id}
    )
    stored = msgspec.to_builtins(_of_own(member, wanted))
    entity: SidebarEntity = sidebar.entity()
    if stored == sidebar.sections:
        return entity
    if sidebar.version != version:
        raise Conflict(gettext("The sections were changed in another tab or on another device."))
    sidebar.sections, sidebar.version = stored, sidebar.version + 1
    sidebar.save(update_fields=["sections", "version"])
    entity = sidebar.entity()
    draft = Draft(type="sidebar.updated", entity=entity, entity_id=member.pk, audience=one_member(member.pk))
    publish(member.organization_id, draft)
    return entity


def _clean(sections: Sequence[Section]) -> list[Section]:
    """Return the sections with names as they are stored. Raises Invalid."""
    if len(sections) > SECTIONS:
        raise _invalid(gettext("At most %(most)s sections.") % {"most": SECTIONS})
    if sum(len(section.conversations) for section in sections) > CONVERSATIONS:
        raise _invalid(gettext("At most %(most)s conversations in sections.") % {"most": CONVERSATIONS})
    if _repeats(section.id for section in sections):
        raise _invalid(gettext("A section is given twice."))
    if _repeats(chain.from_iterable(section.conversations for section in sections)):
        raise _invalid(gettext("A conversation is in one section at most."))
    return [msgspec.structs.replace(section, name=_clean_name(section.name)) for section in sections]


def _clean_name(name: str) -> str:
    name = clean_line(name)
    if draws_nothing(name):
        raise _invalid(gettext("A section needs a name."))
    if len(name) > NAME_LENGTH:
        raise _invalid(gettext("The name of a section has at most %(length)s characters.") % {"length": NAME_LENGTH})
    return name


def _of_own(member: Member, sections: Sequence[Section]) -> list[Section]:
    """Return the sections without conversations of others, whether these exist or not."""
    given = list(chain.from_iterable(section.conversations for section in sections))
    own = participations_of(member).filter(conversation__in=given).values_list("conversation", flat=True)
    known = set(own) if given else set()
    return [
        msgspec.structs.replace(section, conversations=[id for id in section.conversations if id in known])
        for section in sections
    ]


def _repeats(ids: Iterable[UUID]) -> bool:
    every = list(ids)
    return len(set(every)) < len(every)


def _invalid(text: str) -> Invalid:
    return Invalid({"sections": [text]})
