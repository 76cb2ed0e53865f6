from __future__ import annotations

from uuid import UUID

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation
from accounts.rest.serialization import read_body
from accounts.rest.views import MemberView
from accounts.rules import Pace, keep_pace
from chat.access import find_conversation
from chat.actions.mentions import write
from chat.actions.messages import clean_text


class NewPreview(Struct, frozen=True):
    text: str


class Preview(Struct, frozen=True):
    html: str


class ConversationPreview(MemberView):
    @operation(
        summary="What a text would look like as a message there; nothing is stored or published",
        takes=NewPreview,
        gives={200: Preview},
        refuses=(429,),
        example={"text": "Shipped **2.4** to staging."},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        body = read_body(request, NewPreview)
        access = find_conversation(self.member, conversation_id)
        keep_pace(self.member, Pace.PREVIEW)
        return Response(Preview(write(access, clean_text(body.text)).html))
