from __future__ import annotations

from typing import Literal
from uuid import UUID

from chat.entities.fields import Ranges, Time
from chat.entities.registry import Entity, register


@register("conversation.created", "conversation.updated")
class Conversation(Entity, frozen=True):
    id: UUID
    kind: Literal["public", "private", "direct", "group"]
    name: str | None  # channels have one; a direct or group message is called by its people
    topic: str
    people: list[UUID]  # members of a direct or group message; empty for channels
    created_by: UUID | None
    created_at: Time
    archived_at: Time | None
    locked_at: Time | None  # nobody writes but moderators
    announcement_only: bool  # nobody but its admins and moderators writes, except in threads
    slow_mode: int  # seconds between two messages of one member; 0: off
    retention_days: int | None  # null: as the organization says; 0: for ever
    first_seq: int  # the oldest message that is kept: forget those below it
    last_seq: int
    last_message_at: Time | None  # of the message `last_seq`; a message that follows changes both without an event
    gone: Ranges  # messages that were deleted or hidden: they never count as unread
    version: int
