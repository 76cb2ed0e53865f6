from __future__ import annotations

from uuid import UUID

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation, page_of
from accounts.rest.views import MemberView, list_response
from chat.delivery.presence import touch_presence
from chat.queries.presence import presence_seen_by
from chat.wire import State


class PresenceView(Struct, frozen=True):
    member: UUID
    state: State


class PresenceList(MemberView):
    @operation(
        summary="Who is there, among the people you share a conversation with; the others are offline",
        gives={200: page_of(PresenceView)},
    )
    def get(self, request: Request) -> Response:
        touch_presence(self.member, "online")  # who asks is there; a client without a socket shows it this way
        seen = presence_seen_by(self.member)
        return list_response(request, [PresenceView(member, state) for member, state in sorted(seen.items())])
