from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation
from accounts.rest.views import MemberView
from chat.actions import reactions as actions
from chat.entities.messages import Message as MessageEntity


class ReactionDetail(MemberView):
    @operation(summary="React with an emoji", gives={200: MessageEntity}, refuses=(403, 409, 422))
    def put(self, request: Request, message_id: UUID, emoji: str) -> Response:
        return Response(actions.add_reaction(self.member, message_id, emoji=emoji))

    @operation(summary="Take a reaction back", gives={204: None}, refuses=(403, 422))
    def delete(self, request: Request, message_id: UUID, emoji: str) -> Response:
        actions.remove_reaction(self.member, message_id, emoji=emoji)
        return Response(status=204)
