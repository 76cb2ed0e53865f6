from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import read_query
from accounts.rest.views import MemberView, list_response
from chat.queries.mentions import PAGE, Mention, mentions


class MentionQuery(Struct, frozen=True):
    """`before`: a message; older ones are asked for."""

    before: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class MentionList(MemberView):
    @operation(
        summary="Messages that concern you (mentions, replies in threads you follow, your keywords), newest last",
        query=MentionQuery,
        gives={200: page_of(Mention)},
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, MentionQuery)
        rows = mentions(self.member, before=query.before, limit=query.limit + 1)
        page = rows[-query.limit :]
        return list_response(request, page, **({"before": page[0].id} if len(rows) > query.limit else {}))
