from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation
from accounts.rest.serialization import read_query
from accounts.rest.views import MemberView
from chat.delivery.presence import touch_presence
from chat.queries.sync import SyncAnswer, sync
from chat.queries.sync.answer import Answer
from chat.queries.sync.limits import PAGE


class SyncQuery(Struct, frozen=True):
    """`cursor` as the last answer gave it; `limit` in conversations."""

    cursor: Annotated[str, Meta(max_length=400)] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class SyncDetail(MemberView):
    @operation(
        summary="Your state, or with a cursor what changed of it",
        query=SyncQuery,
        gives={200: SyncAnswer, 304: None},
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, SyncQuery)
        touch_presence(self.member, "online")  # who asks is there; a client without a socket shows it this way
        answer = sync(self.member, cursor=query.cursor, limit=query.limit)
        etag = _etag(answer)
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if query.cursor and not answer.more and request.headers.get("If-None-Match") == etag:
            return Response(status=304, headers=headers)  # the cursor that was sent stays good
        return Response(answer, headers=headers)


def _etag(answer: Answer) -> str:
    """Return the ETag of everything but the cursor, which moves with every transaction of the database."""
    body = msgspec.json.encode(msgspec.structs.replace(answer, cursor=""))
    return f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
