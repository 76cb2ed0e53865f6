from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.utils.translation import gettext
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import tokens
from accounts.errors import NotFound
from accounts.models import ApiToken
from accounts.rest.fields import Time
from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import read_body
from accounts.rest.views import UserView, list_response
from accounts.sign_in.without_page import authenticate


class NewToken(Struct, frozen=True):
    email: Annotated[str, Meta(max_length=254)]
    password: Annotated[str, Meta(max_length=1024)]
    label: Annotated[str, Meta(min_length=1, max_length=80)]
    otp: Annotated[str, Meta(max_length=32)] = ""


class IssuedToken(Struct, frozen=True):
    """`token` is shown this once; only a hash of it is kept."""

    token: str
    expires_at: Time


class TokenView(Struct, frozen=True):
    id: UUID
    label: str
    created_at: Time
    expires_at: Time
    last_used_at: Time | None


class TokenList(UserView):
    def get_authenticators(self) -> list[object]:  # type: ignore[override]  # signing in needs no earlier sign-in
        return [] if self.request and self.request.method == "POST" else super().get_authenticators()  # type: ignore[return-value]

    def get_permissions(self) -> list[object]:  # type: ignore[override]
        return [] if self.request.method == "POST" else super().get_permissions()  # type: ignore[return-value]

    @operation(summary="Your tokens", gives={200: page_of(TokenView)})
    def get(self, request: Request) -> Response:
        return list_response(request, [_view(token) for token in tokens.live_tokens(self.user)])

    @operation(
        summary="Sign an app or a bot in",
        takes=NewToken,
        gives={201: IssuedToken},
        refuses=(409, 429),
        open=True,
        example={"email": "member@acme.example", "password": "parley-demo", "label": "my script"},
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, NewToken)
        user = authenticate(
            request._request,  # noqa: SLF001  # what the framework wraps
            email=body.email,
            password=body.password,
            otp=body.otp,
        )
        token, secret = tokens.issue_token(user, label=body.label)
        return Response(IssuedToken(token=secret, expires_at=token.expires_at), status=201)


class TokenCurrent(UserView):
    @operation(summary="Revoke the token that this request came with", gives={204: None})
    def delete(self, request: Request) -> Response:
        if not isinstance(request.auth, ApiToken):
            raise NotFound(gettext("This request came with a session, not a token."))
        tokens.revoke_token(request.auth)
        return Response(status=204)


class TokenDetail(UserView):
    @operation(summary="Revoke one of your tokens", gives={204: None})
    def delete(self, request: Request, token_id: UUID) -> Response:
        tokens.revoke_token(tokens.find_own_token(self.user, token_id))
        return Response(status=204)


def _view(token: ApiToken) -> TokenView:
    return TokenView(token.pk, token.label, token.created_at, token.expires_at, token.last_used_at)
