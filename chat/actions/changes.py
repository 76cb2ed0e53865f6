"""Save a message that changed and publish its new state, inside the transaction that changes it.

A message that is deleted, or hidden or removed by a moderator, becomes a tombstone. It is gone for everybody, so nobody
has it unread any more and the thread it belongs to counts one reply less.

Lock order: conversation (locked by the caller), clients (inside publish).
"""

from __future__ import annotations

from typing import Final, cast

from chat.access.predicates import is_kept
from chat.actions.conversations import conversation_draft
from chat.client.ranges import difference, union
from chat.content.loading import entity
from chat.delivery import Draft, participants_of, publish
from chat.entities.messages import Message as MessageEntity
from chat.models import Conversation, Message

MOST: Final = 500  # ranges of `gone`, the newest: 9 KB of a row. Older tombstones count as unread again


def save_change(message: Message, *fields: str) -> MessageEntity:
    """Save a changed message under its next version, publish it to the participants, and return its entity."""
    draft = _save(message, *fields, type="message.updated")
    publish(message.organization_id, draft)
    return cast(MessageEntity, draft.entity)


def save_tombstone(
    message: Message, conversation: Conversation, *fields: str, type: str, was_gone: bool
) -> MessageEntity:
    """Save a message that becomes a tombstone, or is none any more, and publish it with what that changes elsewhere.

    `was_gone` says whether it was a tombstone before; `conversation` is the locked row. Returns the entity.
    """
    draft = _save(message, *fields, type=type)
    drafts = [draft]
    if message.is_gone != was_gone:
        drafts += _count_reply(message, conversation, by=-1 if message.is_gone else 1)
        drafts += _mark_gone(message, conversation)
    publish(message.organization_id, *drafts)
    return cast(MessageEntity, draft.entity)


def message_draft(entity: MessageEntity, type: str) -> Draft:
    """Return the event that says what a message is now, for the participants of its conversation."""
    return Draft(type=type, entity=entity, entity_id=entity.id, audience=participants_of(entity.conversation))


def _save(message: Message, *fields: str, type: str) -> Draft:
    message.version += 1
    message.save(update_fields=[*fields, "version"])
    return message_draft(entity(message), type)


def _count_reply(message: Message, conversation: Conversation, *, by: int) -> list[Draft]:
    """Count one reply more or less at the head of the thread. Returns its event, none for a head that has expired."""
    if message.thread_id is None:
        return []
    head = Message.objects.get(pk=message.thread_id)
    head.reply_count = max(0, head.reply_count + by)
    draft = _save(head, "reply_count", type="message.updated")
    return [draft] if is_kept(head, conversation) else []


def _mark_gone(message: Message, conversation: Conversation) -> list[Draft]:
    if not is_kept(message, conversation):  # nobody counts it
        return []
    seq = [[message.seq, message.seq]]
    gone = union(conversation.gone, seq) if message.is_gone else difference(conversation.gone, seq)
    conversation.gone, conversation.version = gone[-MOST:], conversation.version + 1
    conversation.save(update_fields=["gone", "version"])
    return [conversation_draft(conversation, "conversation.updated")]
