"""Reactions: one member, one emoji, once. Lock order: conversation, clients (inside publish)."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from accounts.models import Member
from accounts.rules import governed
from chat import rules
from chat.access import lock_message_to_change
from chat.actions.changes import save_change
from chat.content.loading import entity
from chat.emoji import one_emoji
from chat.entities.messages import Message as MessageEntity
from chat.errors import Conflict, Invalid
from chat.models import Reaction


@governed(rules.REACT)
@transaction.atomic
def add_reaction(member: Member, message_id: UUID, *, emoji: str) -> MessageEntity:
    """Add a reaction. Repeating it changes nothing. Raises Conflict where a message has as many kinds as allowed."""
    emoji = _require_emoji(emoji)
    message, _ = lock_message_to_change(member, message_id, rules.REACT)
    present = entity(message)
    members = {reaction.emoji: reaction.members for reaction in present.reactions}
    if member.pk in members.get(emoji, ()):
        return present
    if emoji not in members and len(members) >= settings.REACTIONS_PER_MESSAGE:
        raise Conflict(
            gettext("A message takes %(reactions_per_message)s different reactions at most.")
            % {"reactions_per_message": settings.REACTIONS_PER_MESSAGE}
        )
    Reaction.objects.create(organization_id=member.organization_id, message=message, member=member, emoji=emoji)
    return save_change(message)


@governed(rules.UNREACT)
@transaction.atomic
def remove_reaction(member: Member, message_id: UUID, *, emoji: str) -> None:
    """Remove the member's own reaction, in any spelling of the emoji. Without one nothing changes."""
    message, _ = lock_message_to_change(member, message_id, rules.UNREACT)
    kept = Reaction.objects.filter(message=message, member=member)
    known = one_emoji(emoji)
    # Reactions from before emoji were checked may be something else; those are taken back as they were made.
    if known is None and ("\x00" in emoji or not kept.filter(emoji=emoji).exists()):
        _require_emoji(emoji)
    removed, _ = kept.filter(emoji=known or emoji).delete()
    if removed:
        save_change(message)


def _require_emoji(text: str) -> str:
    emoji = one_emoji(text)
    if emoji is None:
        raise Invalid({"emoji": [gettext("One emoji.")]})
    return emoji
