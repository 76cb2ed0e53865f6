"""Messages and threads that one member may see or change."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext

from accounts.models import Member
from accounts.rules import Rule
from chat.access.conversations import Access, find_conversation, require_open, require_participant
from chat.access.predicates import is_kept, kept
from chat.errors import Forbidden, NotFound
from chat.models import Conversation, Message


def find_message(member: Member, message_id: UUID, *, lock: bool = False) -> tuple[Message, Access]:
    """Return a message and the member's access to its conversation. Raises NotFound.

    `lock` takes the conversation first and reads the message behind that lock.
    """
    conversation_id = Message.objects.filter(pk=message_id).values_list("conversation_id", flat=True).first()
    if conversation_id is None:
        raise NotFound
    access = find_conversation(member, conversation_id, lock=lock)
    message = Message.objects.filter(pk=message_id).first()
    if message is None or is_expired(message, access.conversation):  # perhaps purged while we waited
        raise NotFound
    return message, access


def find_thread(member: Member, message_id: UUID) -> tuple[Message, Access]:
    """Return the head of a thread and the member's access. Raises NotFound.

    An expired head is returned as well while the thread has younger replies.
    """
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise NotFound
    access = find_conversation(member, message.conversation_id)
    if is_thread_over(message, access.conversation):
        raise NotFound
    return message, access


def is_thread_over(root: Message, conversation: Conversation) -> bool:
    """Return whether the head and all replies have expired. A thread that is not over is shown and can be answered."""
    return not is_kept(root, conversation) and not Message.objects.filter(kept(), thread=root).exists()


def is_expired(message: Message, conversation: Conversation) -> bool:
    """Return whether retention has taken the message from everybody.

    A row that is left then is kept for moderators. The exception is the emptied head of a living thread: it is shown.
    """
    if is_kept(message, conversation):
        return False
    return message.purged_at is None or is_thread_over(message, conversation)


def lock_message_to_change(member: Member, message_id: UUID, rule: Rule) -> tuple[Message, Access]:
    """Lock a shown message of a conversation that the member takes part in, where the rule allows the act.

    Raises NotFound, Forbidden.
    """
    message, access = lock_message_to_delete(member, message_id, rule)
    if message.hidden_at is not None:
        raise Forbidden(gettext("A moderator has hidden this message."))
    return message, access


def lock_message_to_delete(member: Member, message_id: UUID, rule: Rule) -> tuple[Message, Access]:
    """Do what `lock_message_to_change` does, also for a message that a moderator has hidden."""
    message, access = find_message(member, message_id, lock=True)
    require_participant(access)
    require_open(access, rule)
    if message.deleted_at is not None:
        raise NotFound(gettext("The message was deleted."))
    return message, access
