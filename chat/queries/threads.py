"""The threads that a member follows."""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import connection
from msgspec import Struct

from accounts.models import Member
from chat.access.predicates import is_kept, present_sql, shown_sql
from chat.content.loading import entities
from chat.entities.messages import Message as MessageEntity
from chat.models import Message

PAGE: Final = 50
NEWEST: Final = 200  # rows that each of the five reasons to follow a thread is looked for in
REPLIES: Final = 2  # the newest of a thread, that are returned with its head
_LAST: Final = UUID(int=2**128 - 1)


class FollowedThread(Struct, frozen=True):
    """A thread with its newest replies, oldest first. An expired `head` has no text."""

    head: MessageEntity
    replies: list[MessageEntity]


# Each part walks one index from its newest end. The member follows a thread that they started, wrote in, that names
# them, or that they chose to follow, unless they chose not to and it has not concerned them since. Replies and mentions
# are in the record of attention.
_THREADS: Final = f"""
WITH candidates AS (
    (SELECT thread_id FROM chat_message WHERE author_id = %(member)s AND thread_id IS NOT NULL
        ORDER BY id DESC LIMIT {NEWEST})
    UNION
    (SELECT thread_id FROM chat_message WHERE thread_author = %(member)s AND thread_id IS NOT NULL
        ORDER BY id DESC LIMIT {NEWEST})
    UNION
    (SELECT m.thread_id FROM chat_attention a JOIN chat_message m ON m.id = a.message_id
        WHERE a.member_id = %(member)s AND a.withdrawn_at IS NULL AND a.reason <> 'keyword' AND m.thread_id IS NOT NULL
        ORDER BY a.message_id DESC LIMIT {NEWEST})
    UNION
    (SELECT m.id FROM chat_attention a JOIN chat_message m ON m.id = a.message_id
        WHERE a.member_id = %(member)s AND a.withdrawn_at IS NULL AND a.reason = 'mention' AND m.reply_count > 0
        ORDER BY a.message_id DESC LIMIT {NEWEST})
    UNION
    (SELECT thread FROM chat_subscription WHERE member_id = %(member)s AND follows ORDER BY id DESC LIMIT {NEWEST})
)
SELECT one.thread_id, newest.id FROM candidates one CROSS JOIN LATERAL (
    SELECT r.id, r.conversation_id FROM chat_message r JOIN chat_conversation c ON c.id = r.conversation_id
    WHERE r.thread_id = one.thread_id AND {shown_sql("r", "c")} ORDER BY r.seq DESC LIMIT 1
) AS newest
WHERE NOT EXISTS (
    SELECT FROM chat_subscription s WHERE s.thread = one.thread_id AND s.member_id = %(member)s AND NOT s.follows
        AND NOT EXISTS (SELECT FROM chat_message a WHERE a.thread_id = one.thread_id AND a.seq > s.since
            AND (a.author_id = %(member)s OR a.mentions @> ARRAY[%(member)s]::uuid[]))
) AND newest.id < %(before)s AND newest.conversation_id IN (
    SELECT p.conversation_id FROM chat_participant p
    WHERE p.organization_id = %(organization)s AND p.member_id = %(member)s AND {present_sql("p")}
)
ORDER BY newest.id DESC LIMIT %(limit)s
"""
_REPLIES: Final = f"""
SELECT newest.id FROM unnest(%(threads)s::uuid[]) AS thread (id) CROSS JOIN LATERAL (
    SELECT r.id FROM chat_message r JOIN chat_conversation c ON c.id = r.conversation_id
    WHERE r.thread_id = thread.id AND {shown_sql("r", "c")} ORDER BY r.seq DESC LIMIT {REPLIES}
) AS newest
"""


def followed_threads(member: Member, *, before: UUID | None = None, limit: int = PAGE) -> list[FollowedThread]:
    """Return the `limit` threads with the newest replies, older than the reply `before`, newest last.

    Threads of conversations that the member does not take part in are left out.
    """
    with connection.cursor() as cursor:
        given: dict[str, UUID | int] = {
            "member": member.pk,
            "organization": member.organization_id,
            "before": before or _LAST,
            "limit": limit,
        }
        cursor.execute(_THREADS, given)
        threads = [thread for thread, _ in cursor.fetchall()][::-1]
        cursor.execute(_REPLIES, {"threads": threads})
        replies = [reply for (reply,) in cursor.fetchall()]
    return _with_replies(threads, replies)


def _with_replies(threads: Sequence[UUID], replies: Sequence[UUID]) -> list[FollowedThread]:
    rows = list(
        Message.objects.filter(pk__in=[*threads, *replies])
        .select_related("conversation")
        .defer("search")
        .order_by("pk")
    )
    expired = {row.pk: row.expired_entity() for row in rows if not is_kept(row, row.conversation)}
    loaded = {entity.id: entity for entity in entities(rows)} | expired
    by_thread: dict[UUID | None, list[MessageEntity]] = defaultdict(list)
    for entity in loaded.values():
        by_thread[entity.thread].append(entity)
    return [FollowedThread(head=loaded[thread], replies=by_thread[thread]) for thread in threads if thread in loaded]
