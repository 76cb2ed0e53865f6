"""What of the record a member has not read: what their clients need, to count it."""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from accounts.models import Member
from chat import sql
from chat.attention.recording import attention_draft
from chat.delivery import Draft
from chat.models import Attention
from chat.sql import array

MOST: Final = 200  # rows of a conversation, the newest: clients show "99+" long before

# Withdrawn rows are among them: a client may have the row as it was before, and learns that it no longer counts. What
# was read and is marked as unread again is among them as well.
_UNREAD: Final = f"""
SELECT {sql.columns(Attention, alias="a")}, m.author_id, m.thread_id
FROM chat_participant p JOIN chat_conversation c ON c.id = p.conversation_id
CROSS JOIN LATERAL (
    SELECT found.id FROM unnest(
        int8multirange(int8range(c.first_seq, GREATEST(c.first_seq, c.last_seq + 1)))
            - CASE WHEN p.unread_from IS NULL THEN p.read
                ELSE p.read * int8multirange(int8range(NULL, p.unread_from)) END
    ) AS gap CROSS JOIN LATERAL (
        (SELECT id, seq FROM chat_attention
        WHERE member_id = p.member_id AND conversation_id = p.conversation_id AND seq >= lower(gap) AND seq < upper(gap)
        ORDER BY seq DESC LIMIT %(most)s)
      UNION ALL
        (SELECT id, seq FROM chat_attention
        WHERE member_id IS NULL AND conversation_id = p.conversation_id AND seq >= lower(gap) AND seq < upper(gap)
        ORDER BY seq DESC LIMIT %(most)s)
    ) AS found ORDER BY found.seq DESC LIMIT %(most)s
) AS newest
JOIN chat_attention a ON a.id = newest.id JOIN chat_message m ON m.id = a.message_id
WHERE p.organization_id = %(organization)s AND p.member_id = %(member)s AND p.left_at IS NULL
    AND p.conversation_id = ANY(%(conversations)s::uuid[])
ORDER BY a.conversation_id, a.seq, a.id
"""

Found = tuple[Attention, UUID, UUID | None]
"""A row, and the author and the thread of its message."""


def unread_attention(member: Member, conversations: Iterable[UUID]) -> list[Found]:
    """Return what concerns the member in these conversations and is unread, withdrawn rows included; at most MOST a
    conversation, the newest. Conversations in which they do not take part have nothing."""
    given = {
        "organization": member.organization_id,
        "member": member.pk,
        "conversations": array(conversations),
        "most": MOST,
    }
    found = sql.execute(_UNREAD, given).fetchall()
    width = sql.width(Attention)
    rows = sql.rows(Attention, (row[:width] for row in found))
    return [(row, author, thread) for row, (*_, author, thread) in zip(rows, found, strict=True)]


def unread_drafts(member: Member, conversation: UUID) -> list[Draft]:
    """Return events that send the member's clients what is unread in the conversation. Needed where messages become
    unread that were read: clients do not receive what they have no use for."""
    return [
        attention_draft(row, author=author, thread=thread, to=member.pk)
        for row, author, thread in unread_attention(member, [conversation])
    ]
