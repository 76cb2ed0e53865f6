"""The entities that travel to clients, and one closed type per event.

REST answers, sync answers and events carry the same structs under the same names. An event holds the whole new state of
its entity with a `version` that grows with every change, so a client applies it as "replace if newer" and neither
repetition nor reordering does harm. Ids are UUIDv7, times RFC 3339 UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, cast
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from accounts import models as accounts
from accounts.preferences import Preferences, read_preferences

Time = Annotated[datetime, Meta(tz=True)]
Html = Annotated[
    str,
    Meta(
        description="Safe HTML of the text. Names in it are those of the time of writing: show the present name of the "
        "member in `data-member` and of the conversation in `data-conversation` instead, where you know it. Set "
        '`dir="auto"` on the outermost elements.'
    ),
]
Ranges = list[Annotated[list[int], Meta(min_length=2, max_length=2)]]
"""A set of sequence numbers as inclusive ranges `[[from, to], …]`, ascending, none touching the next."""


class Reaction(Struct, frozen=True):
    emoji: str
    members: list[UUID]  # in the order in which they reacted


class Organization(Struct, frozen=True):
    id: UUID
    slug: str
    name: str
    description: str
    edit_window: int | None  # seconds in which authors may edit; null: always
    retention_days: int | None  # after which messages go for good; null: never
    version: int


class Member(Struct, frozen=True):
    """A person in the organization. What stands after `version` is told to the member alone."""

    id: UUID
    handle: str
    name: str
    title: str
    role: Literal["owner", "admin", "moderator", "member", "guest"]
    joined_at: Time
    deactivated_at: Time | None
    suspended_at: Time | None  # by a moderator; deactivated_at says the same then
    version: int
    preferences: Preferences | UnsetType = UNSET
    muted_until: Time | UnsetType | None = UNSET  # by a moderator


class Conversation(Struct, frozen=True):
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


class Participant(Struct, frozen=True):
    """A member in a conversation; `left_at` makes it a tombstone. What follows `version` is told to the member alone.

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


class Message(Struct, frozen=True):
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
    attachments: list[Any]
    created_at: Time
    edited_at: Time | None
    deleted_at: Time | None  # a tombstone: text and html are empty
    hidden_at: Time | None  # by a moderator: text and html are empty
    pinned_at: Time | None
    pinned_by: UUID | None
    version: int
    ref: UUID | None
    expired: bool | UnsetType = UNSET  # true for the empty head of a thread that goes on past its time; only said there


class Report(Struct, frozen=True):
    """What became of a message that one reported; told to whoever reported it alone."""

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


class Case(Struct, frozen=True):
    """A report as moderators are told of it, so that they see how many are open. Never to whoever was reported."""

    id: UUID
    reason: Literal["spam", "harassment", "inappropriate", "confidential", "other"]
    state: Literal["open", "in_review", "resolved", "dismissed"]
    created_at: Time
    version: int


class Sanction(Struct, frozen=True):
    """A measure against a member, told to them alone. In force until `until`, if it has one, unless lifted."""

    id: UUID
    member: UUID
    kind: Literal["warning", "mute", "suspension"]
    reason: str
    until: Time | None
    created_at: Time
    lifted_at: Time | None
    acknowledged_at: Time | None  # when the member had read it
    version: int


Entity = Organization | Member | Conversation | Participant | Message | Report | Case | Sanction

EVENT_TYPES: Final[dict[str, type[Entity]]] = {
    "organization.updated": Organization,
    "member.created": Member,
    "member.updated": Member,
    "conversation.created": Conversation,
    "conversation.updated": Conversation,
    "participant.created": Participant,
    "participant.updated": Participant,
    "participant.removed": Participant,
    "message.created": Message,
    "message.updated": Message,
    "message.deleted": Message,
    "report.created": Report,
    "report.updated": Report,
    "case.created": Case,
    "case.updated": Case,
    "sanction.created": Sanction,
    "sanction.updated": Sanction,
}


def member_entity(member: accounts.Member, *, own: bool = False) -> Member:
    """`own`: with the fields that only the member themself is told."""
    return Member(
        id=member.pk,
        handle=member.handle,
        name=member.name,
        title=member.title,
        role=cast(Any, member.role),
        joined_at=member.joined_at,
        deactivated_at=member.deactivated_at,
        suspended_at=member.suspended_at,
        version=member.version,
        preferences=read_preferences(member.preferences) if own else UNSET,
        muted_until=member.muted_until if own else UNSET,
    )


def organization_entity(organization: accounts.Organization) -> Organization:
    return Organization(
        id=organization.pk,
        slug=organization.slug,
        name=organization.name,
        description=organization.description,
        edit_window=organization.edit_window,
        retention_days=organization.retention_days,
        version=organization.version,
    )


_encoder: Final = msgspec.json.Encoder()


def encode(entity: Entity) -> str:
    """The entity as JSON, made once and stored; everything that is sent later is spliced from it."""
    return _encoder.encode(entity).decode()


def splice(
    *, id: int, type: str, conversation: UUID | str | None, at: datetime, data: str
) -> bytes:  # the wire's own names
    """One event as it goes over the wire, around its already encoded entity."""
    room = f'"{conversation}"' if conversation else "null"
    stamp = at.isoformat().replace("+00:00", "Z")
    return f'{{"id":{id},"type":"{type}","conversation":{room},"at":"{stamp}","data":{data}}}'.encode()
