from __future__ import annotations

from typing import Literal
from uuid import UUID

from msgspec import UNSET, UnsetType

from chat.entities.fields import Ranges, Time
from chat.entities.registry import Entity, register


@register("participant.created", "participant.updated", "participant.removed")
class Participant(Entity, frozen=True):
    """A member in a conversation; `left_at` makes it a tombstone. Only the member receives the fields after `version`.

    `read`: the messages that count as read. `read_seq`: how far the main line was shown. Both only grow. `unread_from`:
    a mark, from which on nothing counts as read. Unread is every message from `first_seq` to `last_seq` of the
    conversation that does not count as read and is not in its `gone`.
    """

    conversation: UUID
    member: UUID
    role: Literal["admin", "member"]
    joined_at: Time
    left_at: Time | None
    version: int
    read_seq: int | UnsetType = UNSET
    read: Ranges | UnsetType = UNSET
    unread_from: int | UnsetType | None = UNSET
    notifications: Literal["all", "mentions", "none"] | UnsetType = UNSET
    muted: bool | UnsetType = UNSET
    favourite: bool | UnsetType = UNSET
