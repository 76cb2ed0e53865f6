"""The answer of sync, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import msgspec
from django.db import connection, transaction
from msgspec import Struct

from accounts.models import Member
from chat.delivery.presence import presence_of
from chat.entities.members import Member as MemberEntity
from chat.entities.members import member_entity
from chat.entities.messages import Message as MessageEntity
from chat.entities.organizations import Organization as OrganizationEntity
from chat.entities.organizations import organization_entity
from chat.entities.participants import Participant as ParticipantEntity
from chat.entities.registry import Registration, registrations
from chat.queries.cursor import Cursor, here, valid
from chat.queries.sync import limits
from chat.queries.sync.changes import Change, changes_since, everything
from chat.queries.sync.conversations import (
    SyncConversation,
    conversation_entity,
    conversations_by_id,
    left_conversations,
)
from chat.queries.sync.members import members_of
from chat.queries.sync.messages import choose_messages
from chat.queries.sync.page import Page, all_readers
from chat.queries.sync.participants import participants_of
from chat.wire import State


class Removed(Struct, frozen=True):
    conversations: list[UUID]
    members: list[UUID]


class Presence(Struct, frozen=True):
    member: UUID
    state: State


class Answer(Struct, frozen=True):
    """The part of the answer that does not depend on the registry."""

    cursor: str
    full: bool
    more: bool
    organization: OrganizationEntity
    me: MemberEntity
    members: list[MemberEntity]
    members_gap: bool
    conversations: list[SyncConversation]
    participants: list[ParticipantEntity]
    messages: list[MessageEntity]
    removed: Removed
    presence: list[Presence]


def _field(registration: Registration) -> tuple[str, Any]:
    entities: Any = list[registration.struct]  # type: ignore[name-defined]
    return registration.collection, entities | None if registration.whole else entities


SyncAnswer = cast(
    "type[Answer]",
    msgspec.defstruct(
        "SyncAnswer",
        [_field(registration) for registration in registrations() if registration.collection],
        bases=(Answer,),
        frozen=True,
        module=__name__,
        namespace={"__doc__": "`full`: replace the state with this. `more`: go on with `cursor` until it is false."},
    ),
)


@transaction.atomic
def sync(member: Member, *, cursor: str = "", limit: int = limits.PAGE) -> Answer:
    """Return the member's state since `cursor`, or from nothing. It reads one snapshot, and at most `limit`
    conversations of it."""
    if not connection.savepoint_ids:  # else the caller's own transaction gives the snapshot
        _take_snapshot()
    now = here(member)
    given = valid(Cursor.decode(cursor) if cursor else None, now)
    start = given or now
    changes = changes_since(member, start, limit + 1) if start.since else everything(member, start, limit + 1)
    return _answer(member, start, now, changes[:limit], full=given is None, cut=len(changes) > limit)


def _take_snapshot() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _answer(member: Member, start: Cursor, now: Cursor, changes: Sequence[Change], *, full: bool, cut: bool) -> Answer:
    first = start.after is None
    conversations = conversations_by_id(member, [change.conversation for change in changes])
    chosen = choose_messages(changes, conversations, start)
    more = cut or len(chosen.changes) < len(changes)
    participants, participants_gaps = participants_of(member, chosen.changes, conversations)
    members: list[MemberEntity] = []
    members_gap = False
    if chosen.changes or first:
        members, members_gap = members_of(member, start, chosen.messages, participants, conversations.values())
    page = Page(
        member=member,
        since=start.since,
        first=first,
        members=frozenset(each.id for each in members),
        changes=chosen.changes,
        conversations=conversations,
    )
    return SyncAnswer(
        cursor=_next(start, now, chosen.changes if more else None, chosen.size).encode(),
        full=full,
        more=more,
        organization=organization_entity(member.organization),
        me=member_entity(member, own=True),
        members=members,
        members_gap=members_gap,
        conversations=[
            conversation_entity(
                conversations[change.conversation],
                history_gaps=chosen.gaps,
                participants_gaps=participants_gaps,
            )
            for change in chosen.changes
        ],
        participants=participants,
        messages=chosen.messages,
        removed=Removed(left_conversations(member, start) if first and start.since else [], []),
        presence=[Presence(*pair) for pair in sorted(presence_of(member.organization_id, page.members).items())],
        **_read_all(page),
    )


def _read_all(page: Page) -> dict[str, Any]:
    """Read the entities that the registry knows, by the name of their collection."""
    readers = all_readers()
    return {
        registration.collection: readers[registration.struct](page)
        for registration in registrations()
        if registration.collection
    }


def _next(start: Cursor, now: Cursor, changes: Sequence[Change] | None, size: int) -> Cursor:
    """Return the cursor to go on with: between pages the position within this sync, `changes` being those of this page.
    At the end it is the position of the first page: what changed meanwhile is in the answer of the next sync."""
    first = start if start.after else now
    if changes:
        return msgspec.structs.replace(
            start,
            until=first.until,
            anchor=first.anchor,
            at=first.at,
            after=changes[-1].conversation,
            spent=start.spent + size,
        )
    return msgspec.structs.replace(now, anchor=first.anchor, since=first.until, until=0, at=first.at)
