"""The state since a cursor: what a client asks for when it starts, wakes up, or notices that it is out of step.

The answer is the present state of what changed, never a replay, so its cost depends on what changed and not on what is
stored. What makes the position safe is in cursor.py.
"""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone
from msgspec import Struct

from accounts.models import Member
from accounts.roles import Right
from chat import statements
from chat.access import known_members, open_reports
from chat.delivery.presence import State, presence_of
from chat.entities.cases import Case as CaseEntity
from chat.entities.conversations import Conversation as ConversationEntity
from chat.entities.members import Member as MemberEntity
from chat.entities.members import member_entity
from chat.entities.messages import Message as MessageEntity
from chat.entities.organizations import Organization as OrganizationEntity
from chat.entities.organizations import organization_entity
from chat.entities.participants import Participant as ParticipantEntity
from chat.entities.reports import Report as ReportEntity
from chat.entities.sanctions import Sanction as SanctionEntity
from chat.models import Conversation, Message, Participant, Report, Sanction
from chat.queries.cursor import Cursor, here, valid
from chat.queries.history import entities

PAGE: Final = 150  # conversations in an answer: about 90 KB of them and their seats
MESSAGES: Final = (
    50  # changed messages of one conversation; beyond it the client forgets its history and pages it in again
)
BUDGET: Final = 60_000  # bytes of messages in an answer, so that the first one stays under 200 KB
TOTAL: Final = 600_000  # bytes of messages in all answers of a delta; then histories are forgotten and paged in instead
ROW: Final = 600  # bytes of a message beside its text and html
PEOPLE: Final = 200  # changed members, or changed seats of a conversation; beyond it they are fetched on demand
WITH_MESSAGES: Final = (
    30  # conversations of a first sync that are shown with messages; the others page them in when opened
)
OWN: Final = 100  # of one's own reports, and of sanctions: more than anybody looks back at
EVENTS: Final = 400  # events of one conversation, or of people, that are looked at; more of them always is a gap


class SyncConversation(ConversationEntity, frozen=True, kw_only=True):
    """`history_gap`: forget the messages older than those in this answer, and page them in when they are looked at.
    `participants_gap`: forget who takes part, and ask when it is looked at."""

    history_gap: bool
    participants_gap: bool


class Removed(Struct, frozen=True):
    conversations: list[UUID]
    members: list[UUID]


class Presence(Struct, frozen=True):
    member: UUID
    state: State


class SyncAnswer(Struct, frozen=True):
    """`full`: replace the state with this. `more`: go on with `cursor` until it is false."""

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
    reports: list[ReportEntity]
    sanctions: list[SanctionEntity]
    cases: list[CaseEntity] | None  # for moderators: all that are open, in place of those known; null after page one
    removed: Removed
    presence: list[Presence]


OwnT = TypeVar("OwnT", Report, Sanction)


@dataclass(frozen=True, slots=True)
class Change:
    """What the log holds of one conversation since the cursor."""

    conversation: UUID
    messages: frozenset[UUID] = frozenset()
    seats: frozenset[UUID] = frozenset()
    whole: bool = False  # too much to tell apart, or new to the member: the conversation as from nothing


@transaction.atomic
def sync(member: Member, *, cursor: str = "", limit: int = PAGE) -> SyncAnswer:
    """The member's state since `cursor`, or from nothing. One snapshot; at most `limit` conversations."""
    if not connection.savepoint_ids:  # else the caller's own transaction gives the snapshot
        _one_snapshot()
    now = here(member)
    given = valid(Cursor.decode(cursor) if cursor else None, now)
    start = given or now
    changes = _changes(member, start, limit + 1) if start.since else _everything(member, start, limit + 1)
    return _answer(member, start, now, changes[:limit], full=given is None, cut=len(changes) > limit)


def _one_snapshot() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


_CHANGES: Final = """
WITH own AS (
    SELECT conversation_id, array_agg(DISTINCT type) AS types
    FROM chat_event WHERE member_id = %(member)s AND xid >= %(since)s::text::xid8 AND conversation_id IS NOT NULL
    GROUP BY conversation_id
), seats AS (
    SELECT conversation_id FROM chat_participant
    WHERE member_id = %(member)s AND left_at IS NULL AND conversation_id > %(after)s
)
SELECT s.conversation_id, e.messages, e.seats, e.count, o.types && ARRAY['participant.created']::varchar[]
FROM seats s
LEFT JOIN own o ON o.conversation_id = s.conversation_id
CROSS JOIN LATERAL (
    SELECT count(*) AS count,
        array_agg(DISTINCT entity_id) FILTER (WHERE type LIKE 'message.%%') AS messages,
        array_agg(DISTINCT entity_id) FILTER (WHERE type LIKE 'participant.%%') AS seats
    FROM (
        SELECT entity_id, type FROM chat_event
        WHERE conversation_id = s.conversation_id AND member_id IS NULL AND xid >= %(since)s::text::xid8
        ORDER BY xid DESC LIMIT %(events)s
    ) AS newest
) e
WHERE e.count > 0 OR o.types IS NOT NULL
ORDER BY s.conversation_id LIMIT %(limit)s
"""


def _changes(member: Member, start: Cursor, limit: int) -> list[Change]:
    """Which of the member's conversations changed, and what of them, by one walk along the log's index."""
    parameters: dict[str, int | UUID] = {
        "member": member.pk,
        "since": start.since,
        "after": start.after or UUID(int=0),
        "events": EVENTS + 1,
        "limit": limit,
    }
    return [
        Change(
            conversation,
            frozenset(messages or ()),
            frozenset(seats or ()),
            whole=bool(joined) or count > EVENTS or len(messages or ()) > MESSAGES,
        )
        for conversation, messages, seats, count, joined in statements.execute(_CHANGES, parameters)
    ]


def _everything(member: Member, start: Cursor, limit: int) -> list[Change]:
    seats = Participant.objects.filter(member=member, left_at=None, conversation__gt=start.after or UUID(int=0))
    rows = seats.order_by("conversation").values_list("conversation", flat=True)[:limit]
    return [Change(conversation, whole=True) for conversation in rows]


def _answer(
    member: Member, start: Cursor, now: Cursor, changes: Sequence[Change], *, full: bool, cut: bool
) -> SyncAnswer:
    first = start.after is None
    conversations = _conversations(member, [change.conversation for change in changes])
    told, gaps, messages, spent = _messages(changes, conversations, start)
    more = cut or len(told) < len(changes)
    seats, seat_gaps = _seats(member, told, conversations)
    people, people_gap = _people(member, start, messages, seats, conversations) if told or first else ([], False)
    return SyncAnswer(
        cursor=_next(start, now, told if more else None, spent).encode(),
        full=full,
        more=more,
        organization=organization_entity(member.organization),
        me=member_entity(member, own=True),
        members=people,
        members_gap=people_gap,
        conversations=[_conversation(conversations[change.conversation], gaps, seat_gaps) for change in told],
        participants=seats,
        messages=messages,
        reports=[report.entity() for report in _own(Report, "reporter_id", member, start)] if first else [],
        sanctions=[sanction.entity() for sanction in _own(Sanction, "member_id", member, start)] if first else [],
        cases=_cases(member) if first else None,
        removed=Removed(_left(member, start) if first and start.since else [], []),
        presence=[
            Presence(*pair) for pair in sorted(presence_of(member.organization_id, {p.id for p in people}).items())
        ],
    )


_CONVERSATIONS: Final = f"""
SELECT {statements.columns(Conversation)} FROM chat_conversation
WHERE organization_id = %s AND id = ANY(%s::uuid[])
"""


def _conversations(member: Member, ids: list[UUID]) -> dict[UUID, Conversation]:
    found = statements.execute(_CONVERSATIONS, [member.organization_id, ids])
    return {row.pk: row for row in statements.rows(Conversation, found)}


def _next(start: Cursor, now: Cursor, told: Sequence[Change] | None, spent: int) -> Cursor:
    """Between pages the position within this sync, at its end the position of its first page: what changed while it was
    paged is told by the next one."""
    first = start if start.after else now
    if told:
        after, spent = told[-1].conversation, start.spent + spent
        return msgspec.structs.replace(
            start, until=first.until, anchor=first.anchor, at=first.at, after=after, spent=spent
        )
    return msgspec.structs.replace(now, anchor=first.anchor, since=first.until, until=0, at=first.at)


_MESSAGES: Final = f"""
SELECT {statements.columns(Message)} FROM chat_message WHERE id = ANY(%s::uuid[]) ORDER BY conversation_id, seq
"""


def _messages(
    changes: Sequence[Change], conversations: dict[UUID, Conversation], start: Cursor
) -> tuple[list[Change], set[UUID], list[MessageEntity], int]:
    """The messages of as many changes as fit, which changes those are, which of their histories have a gap, and about
    how many bytes of messages that makes.

    A first sync tells all its conversations and as many messages as fit, those of the most recently active ones; a
    delta tells fewer conversations instead: a client that holds history must not be left with a hole in it unawares.
    After a long absence that would not end, so from TOTAL on a delta too tells conversations without their messages.
    """
    full, exhausted = not start.since, start.spent >= TOTAL
    order = _most_active(changes, conversations) if full else changes
    if not full and not exhausted:
        order = _as_many_as_fit(changes, conversations)
    found = {} if exhausted else _candidates(order[:WITH_MESSAGES] if full else order)
    told: list[Change] = []
    gaps: set[UUID] = set()
    chosen: list[UUID] = []
    spent = 0
    for change in order:
        if spent > BUDGET and not full:
            break
        told.append(change)
        rows = [] if spent > BUDGET else found.get(change.conversation, [])
        spent += sum(row.size for row in rows)
        chosen += [row.id for row in rows]
        if _has_gap(change, rows, conversations[change.conversation], exhausted=exhausted):
            gaps.add(change.conversation)
    told.sort(key=lambda change: change.conversation)
    messages = statements.rows(Message, statements.execute(_MESSAGES, [chosen])) if chosen else []
    return told, gaps, entities(messages), spent


def _has_gap(change: Change, rows: Sequence[_Candidate], conversation: Conversation, *, exhausted: bool) -> bool:
    """Whether the client has to forget what is older than these messages."""
    oldest = min((row.seq for row in rows), default=conversation.last_seq + 1)
    return (change.whole or (exhausted and bool(change.messages))) and oldest > conversation.first_seq


def _as_many_as_fit(changes: Sequence[Change], conversations: dict[UUID, Conversation]) -> Sequence[Change]:
    """Those of a delta that an answer has room for, however short their messages are: the others are not looked at."""
    least = 0  # bytes
    for number, change in enumerate(changes):
        if least > BUDGET:
            return changes[:number]
        conversation = conversations[change.conversation]
        kept = conversation.last_seq - conversation.first_seq + 1
        least += ROW * (min(MESSAGES, kept) if change.whole else len(change.messages))
    return changes


def _most_active(changes: Sequence[Change], conversations: dict[UUID, Conversation]) -> list[Change]:
    """By the time of their newest message."""
    silent = datetime.min.replace(tzinfo=UTC)
    return sorted(
        changes, key=lambda change: conversations[change.conversation].last_message_at or silent, reverse=True
    )


class _Candidate(NamedTuple):
    id: UUID
    seq: int
    size: int  # bytes, about


_NEWEST: Final = """
SELECT m.conversation_id, m.id, m.seq, m.size FROM chat_conversation c
CROSS JOIN LATERAL (
    SELECT conversation_id, id, seq, octet_length(text) + octet_length(html) AS size
    FROM chat_message WHERE conversation_id = c.id AND seq >= c.first_seq ORDER BY seq DESC LIMIT %s
) AS m
WHERE c.id = ANY(%s::uuid[])
"""
_CHANGED: Final = """
SELECT m.conversation_id, m.id, m.seq, octet_length(m.text) + octet_length(m.html)
FROM chat_message m JOIN chat_conversation c ON c.id = m.conversation_id
WHERE m.id = ANY(%s::uuid[]) AND m.seq >= c.first_seq
"""


def _candidates(changes: Sequence[Change]) -> dict[UUID, list[_Candidate]]:
    """By conversation: the newest messages where all is new, else the changed ones."""
    found: dict[UUID, list[_Candidate]] = defaultdict(list)
    changed = [message for change in changes if not change.whole for message in change.messages]
    whole = [change.conversation for change in changes if change.whole]
    rows = statements.execute(_NEWEST, [MESSAGES, whole]).fetchall() if whole else []
    rows += statements.execute(_CHANGED, [changed]).fetchall() if changed else []
    for conversation, id, seq, size in rows:
        found[conversation].append(_Candidate(id, seq, ROW + size))
    return found


_SEATS: Final = f"""
SELECT {statements.columns(Participant)} FROM chat_participant
WHERE organization_id = %(organization)s AND conversation_id = ANY(%(told)s::uuid[]) AND member_id = %(member)s
UNION ALL
SELECT {statements.columns(Participant)} FROM chat_participant
WHERE organization_id = %(organization)s AND conversation_id = ANY(%(peopled)s::uuid[]) AND member_id <> %(member)s
"""


def _seats(
    member: Member, told: Sequence[Change], conversations: dict[UUID, Conversation]
) -> tuple[list[ParticipantEntity], set[UUID]]:
    """The member's own seats, all seats of direct and group messages, and of channels those that changed."""
    gaps = {change.conversation for change in told if _has_seat_gap(change, conversations[change.conversation])}
    wanted: dict[UUID, frozenset[UUID]] = {
        change.conversation: change.seats
        for change in told
        if change.conversation not in gaps and conversations[change.conversation].is_channel
    }
    given = {
        "organization": member.organization_id,
        "member": member.pk,
        "told": [change.conversation for change in told],
        "peopled": [change.conversation for change in told if not conversations[change.conversation].is_channel],
    }
    rows = statements.rows(Participant, statements.execute(_SEATS, given)) if told else []
    rows += _changed_seats(wanted, member)
    seats = [seat.entity(own=seat.member_id == member.pk) for seat in rows]
    return sorted(seats, key=lambda seat: (seat.conversation, seat.member)), gaps


def _has_seat_gap(change: Change, conversation: Conversation) -> bool:
    return conversation.is_channel and (change.whole or len(change.seats) > PEOPLE)


def _changed_seats(wanted: dict[UUID, frozenset[UUID]], member: Member) -> list[Participant]:
    pairs = {(conversation, seat) for conversation, seats in wanted.items() for seat in seats if seat != member.pk}
    if not pairs:
        return []
    rows = Participant.objects.filter(
        conversation__in={pair[0] for pair in pairs}, member__in={pair[1] for pair in pairs}
    )
    return [row for row in rows if (row.conversation_id, row.member_id) in pairs]


_CHANGED_PEOPLE: Final = """
SELECT entity_id FROM chat_event
WHERE organization_id = %s AND conversation_id IS NULL AND member_id IS NULL AND xid >= %s::text::xid8
    AND type LIKE 'member.%%'
ORDER BY xid DESC LIMIT %s
"""
_MEMBERS: Final = f"""
SELECT {statements.columns(Member)} FROM accounts_member WHERE organization_id = %s AND id = ANY(%s::uuid[])
"""


def _people(
    member: Member,
    start: Cursor,
    messages: Iterable[MessageEntity],
    seats: Iterable[ParticipantEntity],
    conversations: dict[UUID, Conversation],
) -> tuple[list[MemberEntity], bool]:
    """Whom this answer speaks of, and whoever changed; all others are asked for when they are looked at."""
    spoken = {member.pk, *(message.author for message in messages), *(seat.member for seat in seats)}
    for conversation in conversations.values():
        spoken.update(conversation.people)
    events_of_people: list[tuple[UUID]] = []
    if start.since and start.after is None:
        given = [member.organization_id, start.since, EVENTS + 1]
        events_of_people = statements.execute(_CHANGED_PEOPLE, given).fetchall()
    changed = {entity for (entity,) in events_of_people}
    gap = len(events_of_people) > EVENTS or len(changed) > PEOPLE  # a few people with many changes push others out, too
    rows = _members(member, spoken)
    rows += known_members(member).filter(pk__in=changed - spoken) if changed and not gap else []
    told = (member_entity(row, own=row.pk == member.pk) for row in rows)
    return sorted(told, key=lambda row: row.id), gap


def _members(member: Member, ids: Iterable[UUID]) -> list[Member]:
    rows = statements.rows(Member, statements.execute(_MEMBERS, [member.organization_id, list(ids)]))
    for row in rows:
        if isinstance(row.preferences, str):  # Django's connections leave JSON in text form to its fields
            row.preferences = msgspec.json.decode(row.preferences)
    return rows


def _own(model: type[OwnT], owner: str, member: Member, start: Cursor) -> list[OwnT]:
    """What is told to the member alone: the newest, or those that changed; oldest first."""
    given = {"organization": member.organization_id, "member": member.pk, "since": start.since, "limit": OWN}
    found = statements.execute(_own_statement(model, owner, since=bool(start.since)), given)
    return statements.rows(model, found)[::-1]


@cache
def _own_statement(model: type[models.Model], owner: str, *, since: bool) -> str:
    table = model._meta.db_table
    changed = f"""AND id IN (
        SELECT entity_id FROM chat_event WHERE organization_id = %(organization)s AND member_id = %(member)s
            AND xid >= %(since)s::text::xid8 AND type LIKE '{model._meta.model_name}.%%')"""
    return f"""
        SELECT {statements.columns(model)} FROM {table}
        WHERE organization_id = %(organization)s AND {owner} = %(member)s {changed if since else ""}
        ORDER BY id DESC LIMIT %(limit)s"""


def _cases(member: Member) -> list[CaseEntity]:
    return [report.case() for report in open_reports(member)] if member.may(Right.MODERATE) else []


_LEFT: Final = """
SELECT conversation_id FROM chat_participant
WHERE organization_id = %(organization)s AND member_id = %(member)s AND left_at IS NOT NULL AND (
    left_at > %(lately)s OR conversation_id IN (
        SELECT conversation_id FROM chat_event WHERE organization_id = %(organization)s
            AND member_id = %(member)s AND xid >= %(since)s::text::xid8 AND type = 'participant.removed'))
"""


def _left(member: Member, start: Cursor) -> list[UUID]:
    """Conversations that the member was in at the cursor, or since, and is in no more.

    Those left lately are told again. An event from before their end may reach a client after a sync that told the end,
    and if its mailbox is emptied then, the end is in no later delta: the conversation would be back for good.
    """
    given = {
        "organization": member.organization_id,
        "member": member.pk,
        "since": start.since,
        "lately": timezone.now() - timedelta(days=settings.MAILBOX_DAYS),  # no event waits longer to be delivered
    }
    return sorted(conversation for (conversation,) in statements.execute(_LEFT, given))


def _conversation(conversation: Conversation, gaps: set[UUID], seat_gaps: set[UUID]) -> SyncConversation:
    entity = conversation.entity()
    return SyncConversation(
        **{name: getattr(entity, name) for name in entity.__struct_fields__},
        history_gap=conversation.pk in gaps,
        participants_gap=conversation.pk in seat_gaps,
    )
