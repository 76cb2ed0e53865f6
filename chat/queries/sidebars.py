from __future__ import annotations

from accounts.models import Member
from chat.entities.sidebars import Sidebar as SidebarEntity
from chat.models.sidebars import Sidebar


def sidebar_of(member: Member) -> SidebarEntity:
    """Return the member's sidebar; version 0 and no sections where they have changed nothing yet."""
    row: Sidebar | None = Sidebar.objects.filter(member=member).first()
    return row.entity() if row is not None else SidebarEntity(member=member.pk, sections=[], version=0)
