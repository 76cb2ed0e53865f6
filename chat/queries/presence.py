from __future__ import annotations

from uuid import UUID

from accounts.models import Member
from chat.access.predicates import PRESENT, participations_of
from chat.delivery.presence import presence_of
from chat.models import Participant
from chat.wire import State


def presence_seen_by(member: Member) -> dict[UUID, State]:
    """Return who is online or away, of the members who share a conversation with the member, themself included."""
    own = participations_of(member).values("conversation")
    met = Participant.objects.filter(PRESENT, conversation__in=own).values_list("member", flat=True).distinct()
    return presence_of(member.organization_id, {member.pk, *met})
