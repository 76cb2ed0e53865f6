from __future__ import annotations

from typing import Literal
from uuid import UUID

from chat.entities.fields import Time
from chat.entities.registry import Entity, register


@register("sanction.created", "sanction.updated", collection="sanctions")
class Sanction(Entity, frozen=True):
    """A measure against a member, who alone receives it. It is in force until `until`, if set, unless lifted."""

    id: UUID
    member: UUID
    kind: Literal["warning", "mute", "suspension"]
    reason: str
    until: Time | None
    created_at: Time
    lifted_at: Time | None
    acknowledged_at: Time | None  # when the member had read it
    version: int
