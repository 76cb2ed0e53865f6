"""Reactions: one member, one emoji, once. Lock order: conversation, clients (inside publish)."""

from __future__ import annotations

import unicodedata
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from accounts.models import Member
from chat import events
from chat.access import lock_message_to_write
from chat.actions.changes import reactions_of, save_change
from chat.errors import Conflict, Invalid
from chat.models import Reaction


@transaction.atomic
def add_reaction(member: Member, message_id: UUID, *, emoji: str) -> events.Message:
    """React; doing it twice changes nothing. Raises Conflict where there are as many kinds of reaction as may be."""
    emoji = _clean_emoji(emoji)
    message, _ = lock_message_to_write(member, message_id)
    present = reactions_of(message)
    if (emoji, member.pk) not in present:
        kinds = {kind for kind, _ in present}
        if emoji not in kinds and len(kinds) >= settings.REACTIONS_PER_MESSAGE:
            raise Conflict(
                gettext("A message takes %(reactions_per_message)s different reactions at most.")
                % {"reactions_per_message": settings.REACTIONS_PER_MESSAGE}
            )
        Reaction.objects.create(organization_id=member.organization_id, message=message, member=member, emoji=emoji)
        save_change(message)
    return message.entity(reactions=reactions_of(message))


@transaction.atomic
def remove_reaction(member: Member, message_id: UUID, *, emoji: str) -> None:
    """Take one's own reaction back; without one nothing changes."""
    message, _ = lock_message_to_write(member, message_id)
    removed, _ = Reaction.objects.filter(message=message, member=member, emoji=_clean_emoji(emoji)).delete()
    if removed:
        save_change(message)


def _clean_emoji(emoji: str) -> str:
    """An emoji as typed by any keyboard, in one spelling. Letters are refused: a reaction is no place to write."""
    emoji = unicodedata.normalize("NFC", emoji)
    pictures = [char for char in emoji if unicodedata.category(char) in {"So", "Sk", "Sm", "Po", "Nd"}]
    plain = all(unicodedata.category(char) in {"So", "Sk", "Sm", "Po", "Nd", "Mn", "Me", "Cf"} for char in emoji)
    if not pictures or not plain or len(emoji) > 32 or emoji.isascii():
        raise Invalid({"emoji": [gettext("One emoji.")]})
    return emoji
