"""Whom one message concerns, every reason included: the record, the kind of the conversation, and its participants."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from django.db.models import Q

from chat.models import Attention, Message, Notifications, Participant

AnyReason = Literal["mention", "group", "reply", "direct", "keyword", "all"]


def concerned_by(message: Message) -> dict[UUID, AnyReason]:
    """Return the members whom the message concerns, each with the strongest reason.

    Participants are those who had joined when it was written and had not left by then. Levels are those of now: an
    earlier one stands in the log as long as that is kept. Mutes do not count here. Nobody for a message that is gone.
    """
    if message.is_gone:
        return {}
    rows = list(Attention.objects.filter(message=message, withdrawn_at=None))
    reasons: dict[UUID, AnyReason] = {}
    for participant in _participants_then(message):
        if reason := _general_reason(message, participant, rows):
            reasons[participant.member_id] = reason
    for row in rows:
        if row.member_id is not None and reasons.get(row.member_id, "all") not in _stronger_than(row.reason):
            reasons[row.member_id] = row.reason
    reasons.pop(message.author_id, None)
    return reasons


def _participants_then(message: Message) -> list[Participant]:
    there = Q(left_at=None) | Q(left_at__gt=message.created_at)
    rows = Participant.objects.filter(there, conversation=message.conversation_id, joined_at__lte=message.created_at)
    return list(rows)


def _general_reason(message: Message, participant: Participant, rows: list[Attention]) -> AnyReason | None:
    """Return the reason that needs no row of the participant's own."""
    if any(row.member_id is None for row in rows):
        return "group"
    if not message.conversation.is_channel:
        return "direct"
    return "all" if participant.notifications == Notifications.ALL else None


def _stronger_than(reason: str) -> tuple[str, ...]:
    order = ("mention", "group", "reply", "direct", "keyword", "all")
    return order[: order.index(reason)]
