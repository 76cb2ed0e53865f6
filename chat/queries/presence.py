from __future__ import annotations

from uuid import UUID

from accounts.models import Member
from chat.delivery.presence import presence_of
from chat.models import Participant
from chat.wire import State


def presence_seen_by(member: Member) -> dict[UUID, State]:
    """`member id → online | away` of those who share a conversation with the member, themself included."""
    own = Participant.objects.filter(member=member, left_at=None).values("conversation")
    met = Participant.objects.filter(conversation__in=own, left_at=None).values_list("member", flat=True).distinct()
    return presence_of(member.organization_id, {member.pk, *met})
