"""Read positions: how far a member has read a conversation. They only move forward."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.models import Member
from chat.access import find_conversation
from chat.actions.participants import publish_own_seat
from chat.errors import Forbidden
from chat.models import Participant


@transaction.atomic
def mark_read(member: Member, conversation_id: UUID, *, seq: int) -> Participant:
    """Move the read position to `seq`, or to the newest message if that is less. A position behind changes nothing."""
    place = find_conversation(member, conversation_id)
    if place.participant is None:
        raise Forbidden("Join the channel first.")
    seq = min(seq, place.conversation.last_seq)
    # Compare and swap: of two tabs that read at once the farther wins, whichever comes last.
    moved = Participant.objects.filter(pk=place.participant.pk, left_at=None, read_seq__lt=seq).update(
        read_seq=seq, version=F("version") + 1
    )
    place.participant.refresh_from_db()
    if moved:
        publish_own_seat(place.participant)
    return place.participant
