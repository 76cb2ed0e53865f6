from __future__ import annotations

from chat.entities.sidebars import Sidebar as SidebarEntity
from chat.models.sidebars import Sidebar
from chat.queries.sync.page import Page, reads


@reads(SidebarEntity)
def sidebars(page: Page) -> list[SidebarEntity]:
    """Return the member's own sidebar with the first page of a sync, changed or not."""
    return [row.entity() for row in Sidebar.objects.filter(member=page.member)] if page.first else []
