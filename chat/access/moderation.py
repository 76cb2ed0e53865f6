"""What a moderator may act on: everything that they see, and everything that was reported."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext

from accounts.models import Member
from accounts.roles import Right, may_moderate
from chat.access.conversations import find_conversation
from chat.access.members import find_member
from chat.access.messages import find_message
from chat.access.reports import require_moderator, visible_reports
from chat.errors import Forbidden, NotFound
from chat.models import Conversation, Message


def lock_to_moderate(member: Member, conversation_id: UUID) -> Conversation:
    """Lock a conversation that the moderator sees, or in which something was reported. Raises NotFound, Forbidden."""
    conversation: Conversation | None = (
        Conversation.objects.filter(pk=conversation_id).select_for_update(no_key=True).first()
    )
    if conversation is None:
        raise NotFound
    if not (member.may(Right.MODERATE) and visible_reports(member).filter(conversation=conversation).exists()):
        find_conversation(member, conversation_id)
        require_moderator(member)
    return conversation


def find_message_to_moderate(member: Member, message_id: UUID) -> Message:
    """Return a message that the moderator sees, or that was reported. Raises NotFound, Forbidden."""
    message: Message | None = Message.objects.filter(pk=message_id).select_related("author", "conversation").first()
    if message is None:
        raise NotFound
    if not (member.may(Right.MODERATE) and visible_reports(member).filter(message=message).exists()):
        find_message(member, message_id)
        require_moderator(member)
    return message


def lock_message_to_moderate(member: Member, message_id: UUID) -> Message:
    """Lock the conversation of such a message and return the message, if the moderator may act against its author.

    Raises NotFound, Forbidden.
    """
    message = find_message_to_moderate(member, message_id)
    if message.author_id == member.pk:
        raise Forbidden(gettext("Nobody moderates their own messages."))
    if not may_moderate(member.role, message.author.role):
        raise Forbidden(gettext("You may not do that to a message of a member of this role."))
    Conversation.objects.select_for_update(no_key=True).get(pk=message.conversation_id)
    return find_message_to_moderate(member, message_id)  # as it is behind the lock


def find_member_to_moderate(member: Member, member_id: UUID) -> Member:
    """Return a member, for moderators. Raises NotFound, Forbidden."""
    found = find_member(member, member_id)
    require_moderator(member)
    return found
