from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation, page_of
from accounts.rest.views import MemberView, list_response
from chat.access import find_conversation
from chat.actions import pins as actions
from chat.entities.messages import Message as MessageEntity
from chat.queries.history import pins


class PinDetail(MemberView):
    @operation(summary="Pin a message for everybody there", gives={200: MessageEntity}, refuses=(403, 409))
    def put(self, request: Request, message_id: UUID) -> Response:
        return Response(actions.pin_message(self.member, message_id))

    @operation(summary="Unpin a message", gives={204: None}, refuses=(403,))
    def delete(self, request: Request, message_id: UUID) -> Response:
        actions.unpin_message(self.member, message_id)
        return Response(status=204)


class PinList(MemberView):
    @operation(summary="What is pinned in a conversation, the newest pin last", gives={200: page_of(MessageEntity)})
    def get(self, request: Request, conversation_id: UUID) -> Response:
        return list_response(request, pins(find_conversation(self.member, conversation_id)))
