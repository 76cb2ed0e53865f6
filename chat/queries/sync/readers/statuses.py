from __future__ import annotations

from chat.entities.statuses import Status as StatusEntity
from chat.models.statuses import Status
from chat.queries.sync.page import Page, reads


@reads(StatusEntity)
def statuses(page: Page) -> list[StatusEntity]:
    """Return the statuses of the members in the page, those that are cleared included."""
    return [row.entity() for row in Status.objects.filter(member__in=page.members).order_by("member")]
