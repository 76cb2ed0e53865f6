from __future__ import annotations

from typing import Final
from uuid import UUID

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from chat import throttle
from chat.access import find_conversation
from chat.actions.mentions import write
from chat.actions.messages import clean_text
from chat.api.rendering import read_body
from chat.api.schemas import operation
from chat.api.views import MemberView

RATE: Final = 60  # a minute: one looks at a preview now and then, while rendering costs more than most reads


class NewPreview(Struct, frozen=True):
    text: str


class Preview(Struct, frozen=True):
    html: str


class ConversationPreview(MemberView):
    @operation(
        summary="What a text would look like as a message there; nothing is kept and nobody is told",
        takes=NewPreview,
        gives={200: Preview},
        refuses=(429,),
        example={"text": "Shipped **2.4** to staging."},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        body = read_body(request, NewPreview)
        place = find_conversation(self.member, conversation_id)
        throttle.count("preview", self.member.pk, limit=RATE)
        return Response(Preview(write(place, clean_text(body.text)).html))
