"""What calls a member: mentions, calls to everybody where they take part, and answers in their threads."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import F

from accounts.models import Member
from accounts.roles import Right
from chat.content.loading import entities
from chat.entities.messages import Message as MessageEntity
from chat.models import Message

PAGE: Final = 50
THREADS: Final = 200  # of a member's own replies, the newest: the threads these are in count as theirs
LAST: Final = UUID(int=2**128 - 1)

# Four ways to be called, each by an index of its own that holds few rows. The first is materialized: a planner that
# sees order and limit may walk the primary key backwards instead, past a million messages that call nobody.
CALLS: Final = """
WITH seats AS MATERIALIZED (
    SELECT conversation_id, joined_at FROM chat_participant WHERE member_id = %(member)s AND left_at IS NULL
), named AS MATERIALIZED (
    SELECT id, conversation_id FROM chat_message
    WHERE mentions @> ARRAY[%(member)s]::uuid[] AND mentions <> '{}' AND author_id <> %(member)s AND id < %(before)s
), wide AS (
    SELECT found.id FROM seats s CROSS JOIN LATERAL (
        SELECT id FROM chat_message
        WHERE conversation_id = s.conversation_id AND wide_mention IS NOT NULL AND id < %(before)s
            AND author_id <> %(member)s AND created_at >= s.joined_at
        ORDER BY id DESC LIMIT %(limit)s
    ) AS found
), answers AS (
    SELECT id FROM chat_message
    WHERE thread_author = %(member)s AND id < %(before)s AND author_id <> %(member)s AND deleted_at IS NULL
        AND conversation_id IN (SELECT conversation_id FROM seats)
    ORDER BY id DESC LIMIT %(limit)s
), threads AS MATERIALIZED (
    SELECT DISTINCT thread_id FROM (
        SELECT thread_id FROM chat_message WHERE author_id = %(member)s AND thread_id IS NOT NULL
        ORDER BY id DESC LIMIT %(threads)s
    ) AS newest
), replies AS (
    SELECT found.id FROM threads t CROSS JOIN LATERAL (
        SELECT id FROM chat_message
        WHERE thread_id = t.thread_id AND id < %(before)s AND author_id <> %(member)s AND deleted_at IS NULL
            AND conversation_id IN (SELECT conversation_id FROM seats)
        ORDER BY seq DESC LIMIT %(limit)s
    ) AS found
)
SELECT id FROM named n
WHERE conversation_id IN (SELECT conversation_id FROM seats)
    OR %(browse)s AND EXISTS (SELECT FROM chat_conversation c WHERE c.id = n.conversation_id AND c.kind = 'public')
UNION SELECT id FROM wide UNION SELECT id FROM answers UNION SELECT id FROM replies
ORDER BY id DESC LIMIT %(limit)s
"""


def mentions(member: Member, *, before: UUID | None = None, limit: int = PAGE) -> list[MessageEntity]:
    """The newest `limit` messages that call the member, older than the message `before`, newest last.

    Others' messages that name them, where they may read; that call everybody, where they took part by then; replies in
    threads that they started, or in which their newest THREADS replies are.
    """
    with connection.cursor() as cursor:
        cursor.execute(CALLS, parameters(member, before=before, limit=limit))
        ids = [id for (id,) in cursor.fetchall()]
    kept = Message.objects.filter(
        pk__in=ids, seq__gte=F("conversation__first_seq")
    )  # not while retention takes it away
    return entities(list(kept.defer("search").order_by("pk")))


def parameters(member: Member, *, before: UUID | None, limit: int) -> dict[str, UUID | int | bool]:
    return {
        "member": member.pk,
        "before": before or LAST,
        "limit": limit,
        "threads": THREADS,
        "browse": member.may(Right.BROWSE),
    }
