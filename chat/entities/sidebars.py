from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from chat.entities.registry import Entity, register


class Section(Struct, frozen=True):
    """A section of the member's sidebar: a name and conversations, in no order."""

    id: UUID
    name: str
    conversations: list[UUID]


@register("sidebar.updated", collection="sidebars", key="member")
class Sidebar(Entity, frozen=True):
    """The member's own sections, from top to bottom. Only the member receives it.

    A conversation is in one section at most. Pass over conversations that you do not know: the member has left them.
    """

    member: UUID
    sections: list[Section]
    version: int
