from __future__ import annotations

from typing import Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from chat.entities.fields import Html, Time
from chat.entities.registry import Entity, register


class Reaction(Struct, frozen=True):
    emoji: str
    members: list[UUID]  # in the order in which they reacted


class Attachment(Struct, frozen=True):
    """A file of a message. No message has one yet."""

    id: UUID
    name: str
    size: int  # bytes
    content_type: str  # what the bytes are, not what the client claimed
    state: Literal["uploading", "checking", "ready", "refused"]
    width: int | None  # pixels, of pictures and videos
    height: int | None
    seconds: float | None  # of sound and videos
    alt: str  # what a picture shows, for those who do not see it
    uploader: UUID
    message: UUID | None  # null until it is posted
    version: int


@register("message.created", "message.updated", "message.deleted")
class Message(Entity, frozen=True):
    id: UUID
    conversation: UUID
    seq: int
    author: UUID
    text: str
    html: Html
    thread: UUID | None  # the message this one replies to
    reply_count: int
    reactions: list[Reaction]
    mentions: list[UUID]
    wide_mention: Literal["here", "channel", "group"] | None
    attachments: list[Attachment]
    created_at: Time
    edited_at: Time | None
    deleted_at: Time | None  # a tombstone: text and html are empty
    hidden_at: Time | None  # by a moderator: text and html are empty
    pinned_at: Time | None
    pinned_by: UUID | None
    version: int
    ref: UUID | None
    expired: bool | UnsetType = UNSET  # true for the empty head of a thread that goes on past its time; only said there
