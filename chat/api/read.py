from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from chat import events
from chat.actions.read import mark_read, mark_unread
from chat.api.rendering import read_body
from chat.api.schemas import operation
from chat.api.views import MemberView


class ReadPosition(Struct, frozen=True):
    """`unread`: mark as unread from `seq` on, instead of read up to it."""

    seq: Annotated[int, Meta(ge=0, le=2**62)]
    unread: bool = False


class ReadDetail(MemberView):
    @operation(
        summary="Move your read position forward, or mark as unread",
        takes=ReadPosition,
        gives={200: events.Participant},
        refuses=(403,),
        example={"seq": 42},
    )
    def put(self, request: Request, conversation_id: UUID) -> Response:
        body = read_body(request, ReadPosition)
        mark = mark_unread if body.unread else mark_read
        return Response(mark(self.member, conversation_id, seq=body.seq).entity(own=True))
