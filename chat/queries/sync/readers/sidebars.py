from __future__ import annotations

from chat.entities.sidebars import Sidebar as SidebarEntity
from chat.models.sidebars import Sidebar
from chat.queries.sync.page import Page, reads


@reads(SidebarEntity)
def sidebars(page: Page) -> list[SidebarEntity]:
    """Return the member's own sidebar with the first page of a sync, whether it is new to the client or not.

    Version 0 is the same as none: a row is made before it is known whether its sections differ from no sections.
    """
    rows = Sidebar.objects.filter(member=page.member, version__gt=0)
    return [row.entity() for row in rows] if page.first else []
