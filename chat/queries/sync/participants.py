"""Who takes part in the conversations of an answer."""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from accounts.models import Member
from chat import sql
from chat.entities.participants import Participant as ParticipantEntity
from chat.models import Conversation, Participant
from chat.queries.sync import limits
from chat.queries.sync.changes import Change

_PARTICIPANTS: Final = f"""
SELECT {sql.columns(Participant)} FROM chat_participant
WHERE organization_id = %(organization)s AND conversation_id = ANY(%(all)s::uuid[]) AND member_id = %(member)s
UNION ALL
SELECT {sql.columns(Participant)} FROM chat_participant
WHERE organization_id = %(organization)s AND conversation_id = ANY(%(direct)s::uuid[]) AND member_id <> %(member)s
"""


def participants_of(
    member: Member, changes: Sequence[Change], conversations: dict[UUID, Conversation]
) -> tuple[list[ParticipantEntity], set[UUID]]:
    """Return the participants that the answer holds, and the conversations whose list of participants has a gap.

    The answer holds the member's own participants, everybody in direct and group messages, and of channels the
    participants that changed.
    """
    gaps = {change.conversation for change in changes if _has_gap(change, conversations[change.conversation])}
    wanted: dict[UUID, frozenset[UUID]] = {
        change.conversation: change.participants
        for change in changes
        if change.conversation not in gaps and conversations[change.conversation].is_channel
    }
    given = {
        "organization": member.organization_id,
        "member": member.pk,
        "all": [change.conversation for change in changes],
        "direct": [change.conversation for change in changes if not conversations[change.conversation].is_channel],
    }
    rows = sql.rows(Participant, sql.execute(_PARTICIPANTS, given)) if changes else []
    rows += _changed_participants(wanted, member)
    entities = [row.entity(own=row.member_id == member.pk) for row in rows]
    return sorted(entities, key=lambda entity: (entity.conversation, entity.member)), gaps


def _has_gap(change: Change, conversation: Conversation) -> bool:
    return conversation.is_channel and (change.whole or len(change.participants) > limits.PEOPLE)


def _changed_participants(wanted: dict[UUID, frozenset[UUID]], member: Member) -> list[Participant]:
    """Return the participants of these members in these conversations, except the member's own."""
    pairs = {(conversation, other) for conversation, others in wanted.items() for other in others if other != member.pk}
    if not pairs:
        return []
    rows = Participant.objects.filter(
        conversation__in={pair[0] for pair in pairs}, member__in={pair[1] for pair in pairs}
    )
    return [row for row in rows if (row.conversation_id, row.member_id) in pairs]
