"""The messages of an answer, as many as fit."""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

from chat import sql
from chat.access.predicates import kept_sql
from chat.content.loading import entities
from chat.entities.messages import Message as MessageEntity
from chat.models import Conversation, Message
from chat.queries.cursor import Cursor
from chat.queries.sync import limits
from chat.queries.sync.changes import Change

_MESSAGES: Final = f"""
SELECT {sql.columns(Message)} FROM chat_message WHERE id = ANY(%s::uuid[]) ORDER BY conversation_id, seq
"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What fits into an answer."""

    changes: list[Change]  # by conversation; the others are left for the next page
    messages: list[MessageEntity]
    gaps: set[UUID]  # conversations whose history has a gap
    size: int  # of the messages, about, in bytes


class _Candidate(NamedTuple):
    id: UUID
    seq: int
    size: int  # about, in bytes


def choose_messages(changes: Sequence[Change], conversations: dict[UUID, Conversation], start: Cursor) -> Chosen:
    """Choose the changes and the messages that fit into an answer.

    A first sync answers with all its conversations and as many messages as fit, those of the most recently active ones.
    A delta answers with fewer conversations instead: a client that holds history must not get a hole in it unnoticed.
    After a long absence that would take very many pages. From TOTAL on, therefore, a delta also answers with
    conversations without their messages.
    """
    full, exhausted = not start.since, start.spent >= limits.TOTAL
    order = _most_active(changes, conversations) if full else changes
    if not full and not exhausted:
        order = _as_many_as_fit(changes, conversations)
    found = {} if exhausted else _candidates(order[: limits.WITH_MESSAGES] if full else order)
    answered: list[Change] = []
    gaps: set[UUID] = set()
    chosen: list[UUID] = []
    size = 0
    for change in order:
        if size > limits.BUDGET and not full:
            break
        answered.append(change)
        rows = [] if size > limits.BUDGET else found.get(change.conversation, [])
        size += sum(row.size for row in rows)
        chosen += [row.id for row in rows]
        if _has_gap(change, rows, conversations[change.conversation], exhausted=exhausted):
            gaps.add(change.conversation)
    answered.sort(key=lambda change: change.conversation)
    messages = sql.rows(Message, sql.execute(_MESSAGES, [chosen])) if chosen else []
    return Chosen(answered, entities(messages), gaps, size)


def _most_active(changes: Sequence[Change], conversations: dict[UUID, Conversation]) -> list[Change]:
    """By the time of their newest message."""
    silent = datetime.min.replace(tzinfo=UTC)
    return sorted(
        changes, key=lambda change: conversations[change.conversation].last_message_at or silent, reverse=True
    )


def _as_many_as_fit(changes: Sequence[Change], conversations: dict[UUID, Conversation]) -> Sequence[Change]:
    """Return the changes of a delta that an answer has room for, however short their messages are."""
    least = 0  # bytes
    for number, change in enumerate(changes):
        if least > limits.BUDGET:
            return changes[:number]
        conversation = conversations[change.conversation]
        kept = conversation.last_seq - conversation.first_seq + 1
        least += limits.ROW * (min(limits.MESSAGES, kept) if change.whole else len(change.messages))
    return changes


def _has_gap(change: Change, rows: Sequence[_Candidate], conversation: Conversation, *, exhausted: bool) -> bool:
    """Return whether the client has to forget what is older than these messages."""
    oldest = min((row.seq for row in rows), default=conversation.last_seq + 1)
    return (change.whole or (exhausted and bool(change.messages))) and oldest > conversation.first_seq


_NEWEST: Final = f"""
SELECT m.conversation_id, m.id, m.seq, m.size FROM chat_conversation c
CROSS JOIN LATERAL (
    SELECT conversation_id, id, seq, octet_length(text) + octet_length(html) AS size
    FROM chat_message m WHERE conversation_id = c.id AND {kept_sql("m", "c")} ORDER BY seq DESC LIMIT %s
) AS m
WHERE c.id = ANY(%s::uuid[])
"""
_CHANGED: Final = f"""
SELECT m.conversation_id, m.id, m.seq, octet_length(m.text) + octet_length(m.html)
FROM chat_message m JOIN chat_conversation c ON c.id = m.conversation_id
WHERE m.id = ANY(%s::uuid[]) AND {kept_sql("m", "c")}
"""


def _candidates(changes: Sequence[Change]) -> dict[UUID, list[_Candidate]]:
    """Return by conversation the newest messages where the whole of it is new, else the messages that changed."""
    found: dict[UUID, list[_Candidate]] = defaultdict(list)
    changed = [message for change in changes if not change.whole for message in change.messages]
    whole = [change.conversation for change in changes if change.whole]
    rows = sql.execute(_NEWEST, [limits.MESSAGES, whole]).fetchall() if whole else []
    rows += sql.execute(_CHANGED, [changed]).fetchall() if changed else []
    for conversation, id, seq, size in rows:
        found[conversation].append(_Candidate(id, seq, limits.ROW + size))
    return found
