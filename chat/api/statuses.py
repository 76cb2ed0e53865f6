from __future__ import annotations

from typing import Annotated

from django.urls import URLPattern, path
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation
from accounts.rest.serialization import read_body
from accounts.rest.views import MemberView
from chat.actions import statuses as actions
from chat.entities.fields import Time
from chat.entities.statuses import Status


class StatusChange(Struct, frozen=True):
    """A text, an emoji or both. Without `until` it stays until it is cleared."""

    text: Annotated[str, Meta(max_length=400)] = ""
    emoji: Annotated[str, Meta(max_length=32)] = ""
    until: Time | None = None


class OwnStatus(MemberView):
    @operation(
        summary="Set your status",
        takes=StatusChange,
        gives={200: Status},
        refuses=(403,),
        example={"text": "In a meeting", "emoji": "📅", "until": "2099-01-01T00:00:00Z"},
    )
    def put(self, request: Request) -> Response:
        body = read_body(request, StatusChange)
        return Response(actions.set_status(self.member, text=body.text, emoji=body.emoji, until=body.until))

    @operation(summary="Clear your status", gives={204: None})
    def delete(self, request: Request) -> Response:
        actions.clear_status(self.member)
        return Response(status=204)


urlpatterns: list[URLPattern] = [
    path("o/<slug:slug>/api/v1/members/me/status", OwnStatus.as_view(), name="own_status"),
]
