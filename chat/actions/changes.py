"""Saving a message that changed and publishing what it is now, within the transaction that changes it.

A message that is deleted, or hidden or removed by a moderator, becomes a tombstone. It is gone for everybody, so nobody
has it unread any more and the thread it belongs to counts one reply less.

Lock order: conversation (locked by the caller), clients (inside publish).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from chat.actions.conversations import conversation_draft
from chat.client.ranges import difference, union
from chat.delivery.publish import Draft, publish
from chat.models import Conversation, Message, Reaction

MOST: Final = 500  # ranges of `gone`, the newest: 9 KB of a row. Older tombstones count again as unread


def save_change(message: Message, *fields: str) -> None:
    """Save a changed message under its next version and publish it to the participants."""
    publish(message.organization_id, _save(message, *fields, type="message.updated"))


def save_tombstone(message: Message, conversation: Conversation, *fields: str, type: str, was_gone: bool) -> None:
    """Save a message that becomes a tombstone, or is none any more, and publish it with what that changes elsewhere.

    `was_gone`: whether it was a tombstone before. `conversation` is the locked row.
    """
    drafts = [_save(message, *fields, type=type)]
    if message.is_gone != was_gone:
        drafts += _count_reply(message, conversation, by=-1 if message.is_gone else 1)
        drafts += _mark_gone(message, conversation)
    publish(message.organization_id, *drafts)


def reactions_of(message: Message) -> list[tuple[str, UUID]]:
    return list(Reaction.objects.filter(message=message).order_by("pk").values_list("emoji", "member_id"))


def message_draft(message: Message, type: str, *, reactions: Iterable[tuple[str, UUID]] = ()) -> Draft:
    return Draft(
        type=type,
        entity=message.entity(reactions=reactions),
        entity_id=message.pk,
        conversation_id=message.conversation_id,
    )


def _save(message: Message, *fields: str, type: str) -> Draft:
    message.version += 1
    message.save(update_fields=[*fields, "version"])
    return message_draft(message, type, reactions=reactions_of(message))


def _count_reply(message: Message, conversation: Conversation, *, by: int) -> list[Draft]:
    """The head of its thread with one reply more or less. What retention has taken from everybody is not published."""
    if message.thread_id is None:
        return []
    head = Message.objects.get(pk=message.thread_id)
    head.reply_count = max(0, head.reply_count + by)
    draft = _save(head, "reply_count", type="message.updated")
    return [draft] if head.seq >= conversation.first_seq else []


def _mark_gone(message: Message, conversation: Conversation) -> list[Draft]:
    if message.seq < conversation.first_seq:  # nobody counts it
        return []
    seq = [[message.seq, message.seq]]
    gone = union(conversation.gone, seq) if message.is_gone else difference(conversation.gone, seq)
    conversation.gone, conversation.version = gone[-MOST:], conversation.version + 1
    conversation.save(update_fields=["gone", "version"])
    return [conversation_draft(conversation, "conversation.updated")]
