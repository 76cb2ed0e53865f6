"""Conversations as one member sees them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Member
from accounts.roles import Right
from chat.access import Access, visible_conversations
from chat.access.predicates import PRESENT, participants_of, participations_of
from chat.entities.conversations import Conversation as ConversationEntity
from chat.entities.participants import Participant as ParticipantEntity
from chat.models import Conversation, Kind, Participant
from chat.models.conversations import CHANNELS

PAGE: Final = 200


class ConversationView(ConversationEntity, frozen=True, kw_only=True):
    """A conversation with the caller's participant, which is null for a channel that they have not joined."""

    participant: ParticipantEntity | None
    participant_count: int
    unread_count: int


def own_conversations(
    member: Member, *, shared_with: UUID | None = None, after: UUID | None = None, limit: int = PAGE
) -> list[ConversationView]:
    """Return the conversations of a member, the oldest first; with `shared_with` those that both take part in."""
    conversations = Conversation.objects.filter(pk__in=participations_of(member).values("conversation"))
    if shared_with is not None:
        conversations = conversations.filter(pk__in=participations_of(shared_with).values("conversation"))
    return _views(member, conversations, after, limit)


def public_channels(
    member: Member, *, q: str = "", after: UUID | None = None, limit: int = PAGE
) -> list[ConversationView]:
    """Return open public channels, joined or not, whose name or topic contains `q`. Guests get none."""
    if not member.may(Right.BROWSE):
        return []
    channels = Conversation.objects.filter(kind=Kind.PUBLIC, archived_at=None)
    if q:
        channels = channels.filter(Q(name__icontains=q) | Q(topic__icontains=q))
    return _views(member, channels, after, limit)


def managed_channels(
    member: Member, *, q: str = "", kind: str = "", open: bool | None = None
) -> QuerySet[Conversation]:
    """Return the channels that the member may see, the one with the newest message first.

    Each has the number of people who are `present`, and whether the member is its admin (`own`).
    """
    participants = Participant.objects.filter(PRESENT, conversation=OuterRef("pk")).order_by().values("conversation")
    channels = visible_conversations(member).filter(kind__in=CHANNELS)
    if q:
        channels = channels.filter(Q(name__icontains=q) | Q(topic__icontains=q))
    if kind:
        channels = channels.filter(kind=kind)
    if open is not None:
        channels = channels.filter(archived_at__isnull=open)
    channels = channels.annotate(
        present=Coalesce(Subquery(participants.annotate(count=Count("pk")).values("count")), 0),
        own=Exists(participants.filter(member=member, role=Participant.Role.ADMIN)),
    )
    return channels.order_by(F("last_message_at").desc(nulls_last=True), "name")


def names_of(member: Member, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of the channels among these conversations that the member may see."""
    channels = visible_conversations(member).filter(kind__in=CHANNELS, pk__in=ids)
    return {id: f"#{name}" for id, name in channels.values_list("pk", "name")}


def conversation_view(access: Access) -> ConversationView:
    (view,) = _with_counts([(access.conversation, access.participant)])
    return view


def participants(access: Access, *, after: int = 0, limit: int = PAGE) -> list[Participant]:
    """Return the participants, in the order in which they first joined."""
    return list(participants_of(access.conversation).filter(pk__gt=after).order_by("pk")[:limit])


def _views(
    member: Member, conversations: QuerySet[Conversation], after: UUID | None, limit: int
) -> list[ConversationView]:
    if after is not None:
        conversations = conversations.filter(pk__gt=after)
    rows = list(conversations.order_by("pk")[:limit])
    own = participations_of(member).filter(conversation__in=rows)
    by_conversation = {participant.conversation_id: participant for participant in own}
    return _with_counts([(row, by_conversation.get(row.pk)) for row in rows])


def _with_counts(rows: Iterable[tuple[Conversation, Participant | None]]) -> list[ConversationView]:
    rows = list(rows)
    present = Participant.objects.filter(PRESENT, conversation__in=[row.pk for row, _ in rows])
    counts: dict[UUID, int] = dict(present.values_list("conversation").annotate(Count("pk")).order_by())
    return [_view(row, participant, counts.get(row.pk, 0)) for row, participant in rows]


def _view(conversation: Conversation, participant: Participant | None, count: int) -> ConversationView:
    entity = conversation.entity()
    return ConversationView(
        **{name: getattr(entity, name) for name in entity.__struct_fields__},
        participant=participant.entity(own=True) if participant else None,
        participant_count=count,
        unread_count=participant.unread(conversation) if participant else 0,
    )
