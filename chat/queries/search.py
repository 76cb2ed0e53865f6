"""Full-text search over what a member may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.search import SearchQueryField
from django.db.models import BooleanField, F, Func, Value
from django.db.models.functions import Cast

from accounts.models import Member
from chat.access.predicates import readable, shown
from chat.content.loading import entities
from chat.entities.messages import Message as MessageEntity
from chat.models import Message
from chat.queries.excerpts import Piece, excerpt
from chat.queries.terms import Query, parse

PAGE: Final = 20
LONGEST_QUERY: Final = 200  # characters; more is a paste, not a question


class FoundMessage(MessageEntity, frozen=True, kw_only=True):
    """A message with the part of it that matched, as plain text in pieces: nothing in it is markup."""

    excerpt: list[Piece]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    q: str  # empty: everything that the filters leave
    conversation: UUID | None = None
    author: UUID | None = None
    before: datetime | None = None
    after: datetime | None = None


def search(member: Member, question: Question, *, cursor: UUID | None = None, limit: int = PAGE) -> list[FoundMessage]:
    """Return the newest `limit` matches older than the message `cursor`, newest last."""
    query = parse(question.q)
    if question.q and not query:
        return []  # nothing in it is a word
    messages = Message.objects.filter(readable(member, "conversation"), shown(), **_filters(question))
    if query:
        messages = messages.filter(_matches(query))
    if cursor is not None:
        messages = messages.filter(pk__lt=cursor)  # ids are UUIDv7: they sort by time
    page = list(messages.order_by("-pk").values_list("pk", flat=True)[:limit])
    rows = list(Message.objects.filter(pk__in=page).defer("search").order_by("pk"))
    return [_found(entity, query) for entity in entities(rows)]


def _matches(query: Query) -> Func:
    """Return the condition in SQL. The cast leaves the lexemes as they are, whatever the locale of the cluster."""
    wanted = Cast(Value(query.expression()), SearchQueryField())
    return Func(F("search"), wanted, template="(%(expressions)s)", arg_joiner=" @@ ", output_field=BooleanField())


def _filters(question: Question) -> dict[str, Any]:
    filters = {
        "conversation": question.conversation,
        "author": question.author,
        "created_at__lt": question.before,
        "created_at__gte": question.after,
    }
    return {name: value for name, value in filters.items() if value is not None}


def _found(entity: MessageEntity, query: Query) -> FoundMessage:
    fields = {name: getattr(entity, name) for name in entity.__struct_fields__}
    return FoundMessage(**fields, excerpt=excerpt(entity.text, query))
