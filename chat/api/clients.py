from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.credentials import credential_of
from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import JSONParser, read_body
from accounts.rest.views import MemberView, list_response
from accounts.user_agents import browser_name
from chat.actions import clients as actions
from chat.entities.fields import Time
from chat.models import Client


class NewClient(Struct, frozen=True):
    platform: Literal["web", "ios", "android", "desktop", "bot"]
    label: Annotated[str, Meta(max_length=actions.LABEL_LENGTH)] = ""


class RegisteredClient(Struct, frozen=True):
    """`tag` is what the client starts from: nothing applied yet."""

    id: UUID
    tag: int
    platform: str
    label: str
    created_at: Time


class ClientView(Struct, frozen=True):
    """`browser`: a guess, as `Firefox on Linux`. `current`: it came in by the sign-in that asks; of several tabs of one
    browser each knows its own id."""

    id: UUID
    platform: str
    label: str
    browser: str
    online: bool
    current: bool
    created_at: Time
    last_seen_at: Time


class ClientList(MemberView):
    @operation(summary="Your tabs and devices", gives={200: page_of(ClientView)})
    def get(self, request: Request) -> Response:
        credential = credential_of(request)
        return list_response(request, [_view(client, credential) for client in actions.list_clients(self.member)])

    @operation(
        summary="Register a tab or a device",
        takes=NewClient,
        gives={201: RegisteredClient},
        example={"platform": "bot", "label": "my script"},
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, NewClient)
        client = actions.register_client(
            self.member,
            platform=body.platform,
            label=body.label,
            credential=credential_of(request),
            user_agent=request.headers.get("User-Agent", ""),
        )
        registered = RegisteredClient(client.public_id, client.tag, client.platform, client.label, client.created_at)
        return Response(registered, status=201)


class ClientDetail(MemberView):
    @operation(summary="Forget a client, its mailbox and its socket", gives={204: None})
    def delete(self, request: Request, client_id: UUID) -> Response:
        actions.close_client(self.member, client_id)
        return Response(status=204)


class ClientSignOut(MemberView):
    @operation(summary="Sign a device out: its session or token ends, in every organization", gives={204: None})
    def post(self, request: Request, client_id: UUID) -> Response:
        actions.sign_out_client(self.member, client_id)
        return Response(status=204)


class ClientClose(MemberView):
    """For `navigator.sendBeacon`, which can only POST a form."""

    parser_classes: Any = (FormParser, MultiPartParser, JSONParser)

    @operation(summary="Forget a client, as a page says it when it is closed", gives={204: None})
    def post(self, request: Request, client_id: UUID) -> Response:
        actions.close_client(self.member, client_id)
        return Response(status=204)


def _view(client: Client, credential: str) -> ClientView:
    return ClientView(
        id=client.public_id,
        platform=client.platform,
        label=client.label,
        browser=browser_name(client.user_agent),
        online=client.node_id is not None,
        current=client.credential == credential,
        created_at=client.created_at,
        last_seen_at=client.last_seen_at,
    )
