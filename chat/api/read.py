from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.utils.translation import gettext
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation
from accounts.rest.serialization import read_body
from accounts.rest.views import MemberView
from accounts.rules import Pace, keep_pace
from chat.actions.read import mark_read, mark_unread
from chat.entities.participants import Participant as ParticipantEntity
from chat.errors import Invalid


class ReadPosition(Struct, frozen=True):
    """The main line was shown up to `seq`: it counts as read, but for unread replies of threads that you follow. With
    `threads` those as well. With `thread`, the id of a head, the replies of that thread up to `seq` and no more. With
    `unread` everything from `seq` on is marked as unread instead."""

    seq: Annotated[int, Meta(ge=0, le=2**62)]
    thread: UUID | None = None
    threads: bool = False
    unread: bool = False


class ReadDetail(MemberView):
    @operation(
        summary="Say what you have read, or mark as unread",
        takes=ReadPosition,
        gives={200: ParticipantEntity},
        refuses=(403,),
        example={"seq": 42},
    )
    def put(self, request: Request, conversation_id: UUID) -> Response:
        body = read_body(request, ReadPosition)
        if body.unread and (body.thread is not None or body.threads):
            raise Invalid({"unread": [gettext("A mark is of the whole conversation.")]})
        keep_pace(self.member, Pace.READ)
        if body.unread:
            participant = mark_unread(self.member, conversation_id, seq=body.seq)
        else:
            participant = mark_read(
                self.member, conversation_id, seq=body.seq, thread_id=body.thread, threads=body.threads
            )
        return Response(participant.entity(own=True))
