"""Who takes part, what a member may read, and which messages are shown: each once for the ORM and once for SQL.

| predicate | true for |
| --- | --- |
| present | a participant who has not left |
| readable | a conversation that the member takes part in; for everybody but guests also every public channel |
| kept | a message that retention has not taken from everybody, tombstones included |
| shown | a kept message that is neither deleted nor hidden |

The functions that end in `_sql` return conditions for hand-written statements; their arguments are names of ours, never
input. tests/chat/access/test_predicates.py holds both forms together, tests/architecture/test_predicates.py keeps
others from writing their own.
"""

# ruff: noqa: S608  # the parts of the conditions are names of ours, never input

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import Member
from accounts.roles import Right, Role, has_right
from chat.models import Conversation, Kind, Message, Participant

PRESENT = Q(left_at=None)


def participants_of(conversation: Conversation | UUID) -> QuerySet[Participant]:
    """Return the participants of a conversation who have not left."""
    participants: QuerySet[Participant] = Participant.objects.filter(PRESENT, conversation=conversation)
    return participants


def participations_of(member: Member | UUID) -> QuerySet[Participant]:
    """Return the participants that the member is: one for each conversation that they take part in."""
    participants: QuerySet[Participant] = Participant.objects.filter(PRESENT, member=member)
    return participants


def present_sql(participant: str) -> str:
    """`participant` is the alias of `chat_participant`."""
    return f"{participant}.left_at IS NULL"


def readable(member: Member, conversation: str = "pk") -> Q:
    """`conversation` is the field, of the rows that are filtered, that holds the conversation."""
    condition = Q(Exists(participations_of(member).filter(conversation=OuterRef(conversation))))
    if member.may(Right.BROWSE):
        public = Q(kind=Kind.PUBLIC)
        condition |= public if conversation == "pk" else Q(**{f"{conversation}__in": _ids_of(public)})
    return condition


def _ids_of(condition: Q) -> QuerySet[Conversation, UUID]:
    return Conversation.objects.filter(condition).values_list("pk", flat=True)


def readable_sql(conversation: str) -> str:
    """`conversation` is an expression for the id. The statement needs what `reader` returns as parameters."""
    return f"""(EXISTS (
        SELECT FROM chat_participant reading WHERE reading.conversation_id = {conversation}
            AND reading.member_id = %(reader)s AND {present_sql("reading")}
    ) OR %(browses)s AND EXISTS (
        SELECT FROM chat_conversation open WHERE open.id = {conversation} AND open.kind = 'public'
    ))"""


def reader(member: Member) -> dict[str, UUID | bool]:
    """Return the parameters of `readable_sql`."""
    return {"reader": member.pk, "browses": member.may(Right.BROWSE)}


def is_readable(member: Member, conversation: Conversation, participant: Participant | None) -> bool:
    """Return whether the member may read the conversation, in which they are `participant` now. No queries."""
    return participant is not None or (conversation.kind == Kind.PUBLIC and member.may(Right.BROWSE))


def readers_of(conversation: Conversation) -> Q:
    """Return the condition for members who may read the conversation: the same predicate, seen from its other side."""
    condition = Q(Exists(participants_of(conversation).filter(member=OuterRef("pk"))))
    if conversation.kind == Kind.PUBLIC:
        condition |= Q(role__in=[role for role in Role if has_right(role, Right.BROWSE)])
    return condition


def kept() -> Q:
    """For messages."""
    return Q(seq__gte=F("conversation__first_seq"))


def kept_sql(message: str, conversation: str) -> str:
    """`message` and `conversation` are the aliases of their tables."""
    return f"{message}.seq >= {conversation}.first_seq"


def is_kept(message: Message, conversation: Conversation) -> bool:
    """Return whether retention has left the message to everybody."""
    return message.seq >= conversation.first_seq


def shown() -> Q:
    """For messages."""
    return kept() & Q(deleted_at=None, hidden_at=None)


def shown_sql(message: str, conversation: str) -> str:
    """`message` and `conversation` are the aliases of their tables."""
    return f"{kept_sql(message, conversation)} AND {message}.deleted_at IS NULL AND {message}.hidden_at IS NULL"


def is_shown(message: Message, conversation: Conversation) -> bool:
    """Return whether the words of the message are there to be read."""
    return is_kept(message, conversation) and not message.is_gone
