"""What moderators do to a message. All of it needs a reason."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation
from accounts.rest.serialization import read_body
from accounts.rest.views import MemberView
from chat.actions import moderation as actions
from chat.actions.reasons import REASON_LENGTH
from chat.actions.removed import read_original
from chat.entities.messages import Message as MessageEntity


class Because(Struct, frozen=True):
    reason: Annotated[str, Meta(min_length=1, max_length=REASON_LENGTH)]


class Original(Struct, frozen=True):
    """What a hidden message says."""

    id: UUID
    text: str
    html: str


EXAMPLE = {"reason": "Insults a colleague"}


class MessageHide(MemberView):
    @operation(
        summary="Hide a message from everybody",
        takes=Because,
        gives={200: MessageEntity},
        refuses=(403, 409),
        example=EXAMPLE,
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        return Response(actions.hide_message(self.member, message_id, reason=read_body(request, Because).reason))


class MessageRestore(MemberView):
    @operation(
        summary="Show a hidden message again",
        takes=Because,
        gives={200: MessageEntity},
        refuses=(403, 409),
        example={"reason": "Hidden by mistake"},
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        return Response(actions.restore_message(self.member, message_id, reason=read_body(request, Because).reason))


class MessageRemove(MemberView):
    @operation(
        summary="Remove what a message says for good, from the log and undelivered mail as well; an empty one stays",
        takes=Because,
        gives={200: MessageEntity},
        refuses=(403,),
        example={"reason": "Contains a password"},
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        return Response(actions.remove_message(self.member, message_id, reason=read_body(request, Because).reason))


class MessageOriginal(MemberView):
    @operation(
        summary="What a hidden message says, for moderators; that you read it is recorded",
        gives={200: Original},
        refuses=(403,),
    )
    def get(self, request: Request, message_id: UUID) -> Response:
        message = read_original(self.member, message_id)
        return Response(Original(message.pk, message.text, message.html))
