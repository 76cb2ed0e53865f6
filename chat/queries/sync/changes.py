"""Which conversations of a member changed since a cursor."""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from accounts.models import Member
from chat import sql
from chat.access.predicates import participations_of, present_sql
from chat.queries.cursor import Cursor
from chat.queries.sync import limits


@dataclass(frozen=True, slots=True)
class Change:
    """What changed in one conversation since the cursor."""

    conversation: UUID
    messages: frozenset[UUID] = frozenset()
    participants: frozenset[UUID] = frozenset()  # by member
    whole: bool = False  # too many events to look at each, or new to the member: answer as if nothing were known


_CHANGES: Final = f"""
WITH own AS (
    SELECT conversation_id, array_agg(DISTINCT type) AS types
    FROM chat_event WHERE member_id = %(member)s AND xid >= %(since)s::text::xid8 AND conversation_id IS NOT NULL
    GROUP BY conversation_id
), present AS (
    SELECT conversation_id FROM chat_participant
    WHERE member_id = %(member)s AND {present_sql("chat_participant")} AND conversation_id > %(after)s
)
SELECT p.conversation_id, e.messages, e.participants, e.count, o.types && ARRAY['participant.created']::varchar[]
FROM present p
LEFT JOIN own o ON o.conversation_id = p.conversation_id
CROSS JOIN LATERAL (
    SELECT count(*) AS count,
        array_agg(DISTINCT entity_id) FILTER (WHERE type LIKE 'message.%%') AS messages,
        array_agg(DISTINCT entity_id) FILTER (WHERE type LIKE 'participant.%%') AS participants
    FROM (
        SELECT entity_id, type FROM chat_event
        WHERE conversation_id = p.conversation_id AND member_id IS NULL AND xid >= %(since)s::text::xid8
        ORDER BY xid DESC LIMIT %(events)s
    ) AS newest
) e
WHERE e.count > 0 OR o.types IS NOT NULL
ORDER BY p.conversation_id LIMIT %(limit)s
"""


def changes_since(member: Member, start: Cursor, limit: int) -> list[Change]:
    """Return the first `limit` of the member's conversations that changed, by one walk along the index of the log."""
    parameters: dict[str, int | UUID] = {
        "member": member.pk,
        "since": start.since,
        "after": start.after or UUID(int=0),
        "events": limits.EVENTS + 1,
        "limit": limit,
    }
    return [
        Change(
            conversation,
            frozenset(messages or ()),
            frozenset(participants or ()),
            whole=bool(joined) or count > limits.EVENTS or len(messages or ()) > limits.MESSAGES,
        )
        for conversation, messages, participants, count, joined in sql.execute(_CHANGES, parameters)
    ]


def everything(member: Member, start: Cursor, limit: int) -> list[Change]:
    """Return the first `limit` of the member's conversations, each as a whole."""
    present = participations_of(member).filter(conversation__gt=start.after or UUID(int=0))
    rows = present.order_by("conversation").values_list("conversation", flat=True)[:limit]
    return [Change(conversation, whole=True) for conversation in rows]
