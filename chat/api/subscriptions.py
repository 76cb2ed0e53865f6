from __future__ import annotations

from uuid import UUID

from django.urls import URLPattern, path
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation
from accounts.rest.serialization import read_body
from accounts.rest.views import MemberView
from chat.actions import subscriptions as actions
from chat.entities.subscriptions import Subscription


class SubscriptionChange(Struct, frozen=True):
    follows: bool


class ThreadSubscription(MemberView):
    @operation(
        summary="Follow the thread of a message, or stop",
        takes=SubscriptionChange,
        gives={200: Subscription},
        refuses=(403,),
        example={"follows": True},
    )
    def put(self, request: Request, message_id: UUID) -> Response:
        body = read_body(request, SubscriptionChange)
        return Response(actions.subscribe(self.member, message_id, follows=body.follows))


urlpatterns: list[URLPattern] = [
    path(
        "o/<slug:slug>/api/v1/messages/<uuid:message_id>/subscription",
        ThreadSubscription.as_view(),
        name="subscription",
    ),
]
