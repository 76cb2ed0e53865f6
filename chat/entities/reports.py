from __future__ import annotations

from typing import Literal
from uuid import UUID

from chat.entities.fields import Time
from chat.entities.registry import Entity, register


@register("report.created", "report.updated", collection="reports")
class Report(Entity, frozen=True):
    """What became of a message that the member reported. Only the reporter receives it."""

    id: UUID
    message: UUID | None  # null when it was decided and retention has taken the message away
    conversation: UUID
    reason: Literal["spam", "harassment", "inappropriate", "confidential", "other"]
    comment: str
    state: Literal["open", "in_review", "resolved", "dismissed"]
    outcome: Literal["no_action", "hidden", "removed", "warned", "muted", "suspended", "other"] | None
    created_at: Time
    decided_at: Time | None
    acknowledged_at: Time | None  # when the reporter had read the outcome
    version: int
