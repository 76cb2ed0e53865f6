from __future__ import annotations

from uuid import UUID

from chat.entities.fields import Time
from chat.entities.registry import Entity, register


@register("status.updated", collection="statuses", key="member", owner="member")
class Status(Entity, frozen=True):
    """What a member is doing, for everybody who may know them. It is cleared when `text` and `emoji` are empty.

    Do not show it from `until` on, by the server's clock: the event that clears it may come later.
    """

    member: UUID
    text: str
    emoji: str
    until: Time | None  # null: until it is cleared by hand
    version: int
