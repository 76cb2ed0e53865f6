from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from chat import events
from chat.access import find_member
from chat.api.rendering import read_query
from chat.api.schemas import operation, page_of
from chat.api.views import MemberView, keep_page, list_response
from chat.queries.members import PAGE, list_members


class MemberQuery(Struct, frozen=True):
    q: Annotated[str, Meta(max_length=80)] = ""
    active: bool | None = None
    after: Annotated[str, Meta(max_length=32)] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class MemberList(MemberView):
    @operation(summary="People of the organization, by handle", query=MemberQuery, gives={200: page_of(events.Member)})
    def get(self, request: Request) -> Response:
        query = read_query(request, MemberQuery)
        rows = list_members(self.member, q=query.q, active=query.active, after=query.after, limit=query.limit + 1)
        page, more = keep_page(rows, query.limit)
        results = [events.member_entity(member) for member in page]
        return list_response(request, results, **({"after": page[-1].handle} if more else {}))


class MemberDetail(MemberView):
    @operation(summary="One member", gives={200: events.Member})
    def get(self, request: Request, member_id: UUID) -> Response:
        return Response(events.member_entity(find_member(self.member, member_id)))
