from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.utils.translation import gettext
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import as_utc, read_query
from accounts.rest.views import MemberView, keep_page, list_response
from chat.access import find_conversation
from chat.errors import Invalid
from chat.queries.search import LONGEST_QUERY, PAGE, FoundMessage, Question, search


class SearchQuery(Struct, frozen=True):
    """`q` as in a web search: words, "a phrase", -without; it may be left out beside a filter. Times are RFC 3339;
    `cursor` comes from `next`."""

    q: Annotated[str, Meta(max_length=LONGEST_QUERY)] = ""
    conversation: UUID | None = None
    author: UUID | None = None
    before: Annotated[datetime, Meta(tz=True)] | None = None
    after: Annotated[datetime, Meta(tz=True)] | None = None
    cursor: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = PAGE


class SearchList(MemberView):
    @operation(summary="Full-text search in what you may see", query=SearchQuery, gives={200: page_of(FoundMessage)})
    def get(self, request: Request) -> Response:
        query = read_query(request, SearchQuery)
        if query.conversation is not None:
            find_conversation(self.member, query.conversation)
        if not (query.q or query.conversation or query.author or query.before or query.after):
            raise Invalid({"q": [gettext("Say what to look for, or give a filter.")]})
        question = Question(
            q=query.q,
            conversation=query.conversation,
            author=query.author,
            before=as_utc("before", query.before),
            after=as_utc("after", query.after),
        )
        found = search(self.member, question, cursor=query.cursor, limit=query.limit + 1)
        page, more = keep_page(found[::-1], query.limit)
        return list_response(request, page[::-1], **({"cursor": page[-1].id} if more else {}))
