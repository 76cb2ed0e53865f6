from __future__ import annotations

from chat.entities.sanctions import Sanction as SanctionEntity
from chat.models import Sanction
from chat.queries.sync.own import newest_own
from chat.queries.sync.page import Page, reads


@reads(SanctionEntity)
def sanctions(page: Page) -> list[SanctionEntity]:
    """Return the measures against the member."""
    return [sanction.entity() for sanction in newest_own(Sanction, page, owner="member_id")]
