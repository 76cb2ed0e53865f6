"""Full-text search over what a member may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.search import SearchHeadline, SearchQuery
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Left
from msgspec import Struct

from accounts.models import Member
from accounts.roles import Right
from chat import events
from chat.models import Conversation, Kind, Message, Participant
from chat.queries.history import entities

PAGE: Final = 20
LONGEST_QUERY: Final = 200  # characters; more is a paste, not a question
LONGEST_EXCERPT: Final = 300  # characters of a message that was found by filters alone
KEPT: Final[dict[str, Any]] = {
    "deleted_at": None,
    "hidden_at": None,
    "seq__gte": F("conversation__first_seq"),  # what retention has taken from everybody may not be found while it goes
}

# Control characters cannot be typed into a message (markdown strips them), so they cannot be forged by one.
_START, _STOP = "\x02", "\x03"


class Piece(Struct, frozen=True):
    """A stretch of the excerpt; `hit` where it matched."""

    text: str
    hit: bool


class FoundMessage(events.Message, frozen=True, kw_only=True):
    """A message with the part of it that matched, as plain text in pieces: nothing in it is markup."""

    excerpt: list[Piece]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    q: str  # empty: whatever the filters leave
    conversation: UUID | None = None
    author: UUID | None = None
    before: datetime | None = None
    after: datetime | None = None


def search(member: Member, question: Question, *, cursor: UUID | None = None, limit: int = PAGE) -> list[FoundMessage]:
    """The newest `limit` matches older than the message `cursor`, newest last."""
    wanted = SearchQuery(question.q, config="english", search_type="websearch")
    messages = _visible(member).filter(**KEPT, **_filters(question))
    if question.q:
        messages = messages.filter(search=wanted)
    if cursor is not None:
        messages = messages.filter(pk__lt=cursor)  # ids are UUIDv7: they sort by time
    marks: Any = {"start_sel": _START, "stop_sel": _STOP, "max_words": 40, "min_words": 20, "max_fragments": 2}
    marked = SearchHeadline("text", wanted, config="english", **marks)
    headline = marked if question.q else Left("text", LONGEST_EXCERPT)
    # The headline is costly: it is made for the page alone, not for every match that is sorted.
    page = list(messages.order_by("-pk").values_list("pk", flat=True)[:limit])
    rows = list(Message.objects.filter(pk__in=page).defer("search").annotate(headline=headline).order_by("pk"))
    return [_found(entity, row.headline) for row, entity in zip(rows, entities(rows), strict=True)]


def _visible(member: Member) -> QuerySet[Message]:
    seats = Participant.objects.filter(conversation=OuterRef("conversation"), member=member, left_at=None)
    condition = Q(Exists(seats))
    if member.may(Right.BROWSE):
        public = Conversation.objects.filter(kind=Kind.PUBLIC).values("pk")
        condition |= Q(conversation__in=public)
    return Message.objects.filter(condition)


def _filters(question: Question) -> dict[str, Any]:
    filters = {
        "conversation": question.conversation,
        "author": question.author,
        "created_at__lt": question.before,
        "created_at__gte": question.after,
    }
    return {name: value for name, value in filters.items() if value is not None}


def _found(entity: events.Message, headline: str) -> FoundMessage:
    fields = {name: getattr(entity, name) for name in entity.__struct_fields__}
    return FoundMessage(**fields, excerpt=_pieces(headline))


def _pieces(headline: str) -> list[Piece]:
    pieces = []
    for index, part in enumerate(headline.split(_START)):
        hit, stop, rest = part.partition(_STOP)
        if index == 0 or not stop:
            hit, rest = "", part
        if hit:
            pieces.append(Piece(hit, hit=True))
        if rest:
            pieces.append(Piece(rest, hit=False))
    return pieces
