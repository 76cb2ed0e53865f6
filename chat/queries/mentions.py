"""The messages that concern a member: a read of the record that chat/attention keeps."""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

from django.db import connection

from accounts.models import Member
from accounts.roles import Right
from chat.content.loading import entities
from chat.entities.messages import Message as MessageEntity
from chat.models import Message

PAGE: Final = 50
LAST: Final = UUID(int=2**128 - 1)

Reason = Literal["mention", "group", "reply", "keyword"]


class Mention(MessageEntity, frozen=True, kw_only=True):
    """A message that concerns the member, and the strongest reason why."""

    reason: Reason


# Each part walks one index from its newest end. Rows of the member's own count where they may read now; calls to
# everybody where they took part by then. OFFSET 0 keeps PostgreSQL from starting at the conversations: by
# their index it would read everything that ever concerned the member, and sort it.
NEWEST: Final = """
WITH present AS MATERIALIZED (
    SELECT conversation_id, joined_at FROM chat_participant
    WHERE organization_id = %(organization)s AND member_id = %(member)s AND left_at IS NULL
), own AS MATERIALIZED (
    SELECT a.message_id, a.reason
    FROM chat_attention a CROSS JOIN LATERAL (
        SELECT first_seq, kind FROM chat_conversation WHERE id = a.conversation_id OFFSET 0
    ) AS c
    WHERE a.member_id = %(member)s AND a.withdrawn_at IS NULL AND a.message_id < %(before)s AND a.seq >= c.first_seq
        AND (a.conversation_id IN (SELECT conversation_id FROM present) OR %(browse)s AND c.kind = 'public')
    ORDER BY a.message_id DESC LIMIT %(limit)s
), of_all AS MATERIALIZED (
    SELECT found.message_id, found.reason FROM present p CROSS JOIN LATERAL (
        SELECT a.message_id, a.reason
        FROM chat_attention a
        CROSS JOIN LATERAL (SELECT author_id, created_at FROM chat_message WHERE id = a.message_id OFFSET 0) AS m
        CROSS JOIN LATERAL (SELECT first_seq FROM chat_conversation WHERE id = a.conversation_id OFFSET 0) AS c
        WHERE a.conversation_id = p.conversation_id AND a.member_id IS NULL AND a.withdrawn_at IS NULL
            AND a.message_id < %(before)s AND a.seq >= c.first_seq
            AND m.author_id <> %(member)s AND m.created_at >= p.joined_at
        ORDER BY a.message_id DESC LIMIT %(limit)s
    ) AS found
)
SELECT message_id, (array_agg(reason ORDER BY array_position(%(order)s::text[], reason::text)))[1]
FROM (SELECT * FROM own UNION ALL SELECT * FROM of_all) AS found
GROUP BY message_id ORDER BY message_id DESC LIMIT %(limit)s
"""


def mentions(member: Member, *, before: UUID | None = None, limit: int = PAGE) -> list[Mention]:
    """Return the newest `limit` messages that concern the member, older than the message `before`, newest last.

    These are others' messages that name them, call everybody, answer in a thread that they follow, or contain one of
    their keywords.
    """
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, parameters(member, before=before, limit=limit))
        reasons: dict[UUID, Reason] = dict(cursor.fetchall())
    messages = list(Message.objects.filter(pk__in=reasons).defer("search").order_by("pk"))
    return [_mention(entity, reasons[entity.id]) for entity in entities(messages)]


def parameters(member: Member, *, before: UUID | None, limit: int) -> dict[str, UUID | int | bool | list[str]]:
    return {
        "organization": member.organization_id,
        "member": member.pk,
        "before": before or LAST,
        "limit": limit,
        "browse": member.may(Right.BROWSE),
        "order": ["mention", "group", "reply", "keyword"],
    }


def _mention(message: MessageEntity, reason: Reason) -> Mention:
    return Mention(**{name: getattr(message, name) for name in message.__struct_fields__}, reason=reason)
