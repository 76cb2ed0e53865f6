"""Read positions: how far a member has read a conversation. They only move forward; a mark may lie behind them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils.translation import gettext

from accounts.models import Member
from chat.access import find_conversation
from chat.actions.participants import publish_own_seat
from chat.errors import Forbidden, Invalid
from chat.models import Participant


@transaction.atomic
def mark_read(member: Member, conversation_id: UUID, *, seq: int) -> Participant:
    """Move the read position to `seq`, or to the newest message if that is less, and take back what was marked unread.

    A position behind moves nothing.
    """
    place = find_conversation(member, conversation_id)
    if place.participant is None:
        raise Forbidden(gettext("Join the channel first."))
    seq = min(seq, place.conversation.last_seq)
    # Compare and swap: of two tabs that read at once the farther wins, whichever comes last.
    behind = Q(read_seq__lt=seq) | Q(unread_from__isnull=False)
    return _move(place.participant, behind, read_seq=Greatest(F("read_seq"), seq), unread_from=None)


@transaction.atomic
def mark_unread(member: Member, conversation_id: UUID, *, seq: int) -> Participant:
    """Unread again from the message `seq` on, until one next reads there. The read position stays where it is.

    Raises Invalid where there is no such message.
    """
    place = find_conversation(member, conversation_id)
    if place.participant is None:
        raise Forbidden(gettext("Join the channel first."))
    if not place.conversation.first_seq <= seq <= place.conversation.last_seq:
        raise Invalid({"seq": [gettext("There is no such message.")]})
    elsewhere = Q(unread_from=None) | ~Q(unread_from=seq)
    return _move(place.participant, elsewhere, unread_from=seq)


def _move(seat: Participant, condition: Q, **changes: Any) -> Participant:
    moved = Participant.objects.filter(condition, pk=seat.pk, left_at=None).update(version=F("version") + 1, **changes)
    seat.refresh_from_db()
    if moved:
        publish_own_seat(seat)
    return seat
