"""Pinned messages of a conversation. Lock order: conversation, clients (inside publish)."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Member
from accounts.rules import governed
from chat import rules
from chat.access import lock_message_to_change
from chat.access.predicates import kept
from chat.actions.changes import save_change
from chat.content.loading import entity
from chat.entities.messages import Message as MessageEntity
from chat.errors import Conflict
from chat.models import Message


@governed(rules.PIN)
@transaction.atomic
def pin_message(member: Member, message_id: UUID) -> MessageEntity:
    """Pin a message for everybody there. Pinning twice changes nothing. Raises Conflict where enough are pinned."""
    message, access = lock_message_to_change(member, message_id, rules.PIN)
    if message.pinned_at is None:
        pinned = Message.objects.filter(kept(), conversation=access.conversation, pinned_at__isnull=False).count()
        if pinned >= settings.PINS_PER_CONVERSATION:
            raise Conflict(
                gettext("%(pins_per_conversation)s messages are pinned here. Unpin one first.")
                % {"pins_per_conversation": settings.PINS_PER_CONVERSATION}
            )
        message.pinned_at, message.pinned_by = timezone.now(), member.pk
        return save_change(message, "pinned_at", "pinned_by")
    return entity(message)


@governed(rules.UNPIN)
@transaction.atomic
def unpin_message(member: Member, message_id: UUID) -> None:
    """Unpin a message. Any participant may do so; a message that is not pinned stays as it is."""
    message, _ = lock_message_to_change(member, message_id, rules.UNPIN)
    if message.pinned_at is not None:
        message.pinned_at = message.pinned_by = None
        save_change(message, "pinned_at", "pinned_by")
