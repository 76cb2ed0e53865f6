from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation
from accounts.rest.views import MemberView
from chat.queries.receipts import Receipts, receipts


class MessageReceipts(MemberView):
    @operation(
        summary="Who has a message and who has read it, for its author and moderators",
        gives={200: Receipts},
        refuses=(403,),
    )
    def get(self, request: Request, message_id: UUID) -> Response:
        return Response(receipts(self.member, message_id))
