"""The conversations of an answer, and those that the member is no longer in."""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.models import Member
from chat import sql
from chat.entities.conversations import Conversation as ConversationEntity
from chat.models import Conversation
from chat.queries.cursor import Cursor


class SyncConversation(ConversationEntity, frozen=True, kw_only=True):
    """`history_gap`: forget the messages older than those in this answer, and page them in when they are looked at.
    `participants_gap`: forget who takes part, and ask when it is looked at."""

    history_gap: bool
    participants_gap: bool


_CONVERSATIONS: Final = f"""
SELECT {sql.columns(Conversation)} FROM chat_conversation
WHERE organization_id = %s AND id = ANY(%s::uuid[])
"""


def conversations_by_id(member: Member, ids: list[UUID]) -> dict[UUID, Conversation]:
    found = sql.execute(_CONVERSATIONS, [member.organization_id, ids])
    return {row.pk: row for row in sql.rows(Conversation, found)}


def conversation_entity(
    conversation: Conversation, *, history_gaps: set[UUID], participants_gaps: set[UUID]
) -> SyncConversation:
    entity = conversation.entity()
    return SyncConversation(
        **{name: getattr(entity, name) for name in entity.__struct_fields__},
        history_gap=conversation.pk in history_gaps,
        participants_gap=conversation.pk in participants_gaps,
    )


_LEFT: Final = """
SELECT conversation_id FROM chat_participant
WHERE organization_id = %(organization)s AND member_id = %(member)s AND left_at IS NOT NULL AND (
    left_at > %(lately)s OR conversation_id IN (
        SELECT conversation_id FROM chat_event WHERE organization_id = %(organization)s
            AND member_id = %(member)s AND xid >= %(since)s::text::xid8 AND type = 'participant.removed'))
"""


def left_conversations(member: Member, start: Cursor) -> list[UUID]:
    """Return the conversations that the member left since the cursor, or lately.

    Each answer repeats those left lately. An event from before the end may reach a client after a sync that reported
    the end. If the mailbox of the client is emptied then, no later delta holds the end, and the client would keep the
    conversation for good.
    """
    given = {
        "organization": member.organization_id,
        "member": member.pk,
        "since": start.since,
        "lately": timezone.now() - timedelta(days=settings.MAILBOX_DAYS),  # no event waits longer to be delivered
    }
    return sorted(conversation for (conversation,) in sql.execute(_LEFT, given))
