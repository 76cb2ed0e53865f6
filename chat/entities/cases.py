from __future__ import annotations

from typing import Literal
from uuid import UUID

from chat.entities.fields import Time
from chat.entities.registry import Entity, register


@register("case.created", "case.updated", collection="cases", whole=True, moderators=True)
class Case(Entity, frozen=True):
    """What moderators see of a report, to know how many are open. The member who was reported never receives it."""

    id: UUID
    reason: Literal["spam", "harassment", "inappropriate", "confidential", "other"]
    state: Literal["open", "in_review", "resolved", "dismissed"]
    created_at: Time
    version: int
