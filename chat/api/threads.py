from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.urls import URLPattern, path
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import read_query
from accounts.rest.views import MemberView, list_response
from chat.queries.threads import PAGE, FollowedThread, followed_threads


class ThreadQuery(Struct, frozen=True):
    """`before`: a reply; threads whose newest reply is older are asked for."""

    before: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class ThreadList(MemberView):
    @operation(
        summary="Threads that you follow, the one with the newest reply last",
        query=ThreadQuery,
        gives={200: page_of(FollowedThread)},
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, ThreadQuery)
        rows = followed_threads(self.member, before=query.before, limit=query.limit + 1)
        page = rows[-query.limit :]
        return list_response(request, page, **({"before": page[0].replies[-1].id} if len(rows) > query.limit else {}))


urlpatterns: list[URLPattern] = [path("o/<slug:slug>/api/v1/threads", ThreadList.as_view(), name="threads")]
