"""Who is at the door: from the headers and the address of a handshake to a member and their client.

Runs in a thread, because it is Django that knows sessions and tokens; everything after it is asyncio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.db import connections
from django.http import HttpRequest, parse_cookie

from accounts.auth import find_token, may_sign_in
from accounts.credentials import credential_of
from accounts.models import ApiToken, Member, User
from accounts.tenancy import member_of, organization_scope
from chat.models import Client
from chat.realtime.protocol import SUBPROTOCOL, Close

MOST: Final = 2**63 - 1  # the highest tag there can be


class ForeignOrigin(Exception):
    """Another site's page tries to use a visitor's cookie. It gets no socket and no reason."""


class TurnedAway(Exception):
    """The handshake is refused with a close code that the client can act on."""

    def __init__(self, code: Close, reason: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who came: the member, their client, the tag it has applied, and what let them in."""

    member: Member
    client_id: int
    public_id: UUID
    tag: int
    credential: str
    session_key: str | None
    token_id: UUID | None


def receive_visitor(scope: Mapping[str, Any]) -> Visitor:
    """Raises TurnedAway and ForeignOrigin."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    try:
        public_id, tag = _read_query(scope["query_string"])
        request, user = _sign_in(headers)
        _check_subprotocol(scope.get("subprotocols", ()))
        member = member_of(user, scope["url_route"]["kwargs"]["slug"])
        if member is None:
            raise TurnedAway(Close.NOT_A_MEMBER)
        return _visitor(request, member, public_id, tag)
    finally:
        connections.close_all()  # the thread goes back to its pool, and so does what it used


def _read_query(query_string: bytes) -> tuple[UUID, int]:
    query = dict(parse_qsl(query_string.decode("latin-1")))
    try:
        public_id, tag = UUID(query["client"]), int(query.get("tag", "0"))
    except (KeyError, ValueError):
        raise TurnedAway(Close.PROTOCOL_ERROR, "client and tag are needed") from None
    if not 0 <= tag <= MOST:
        raise TurnedAway(Close.PROTOCOL_ERROR, "no such tag")
    return public_id, tag


def _sign_in(headers: Mapping[str, str]) -> tuple[HttpRequest, User]:
    """By token if there is one (no browser adds it by itself), else by the session cookie, and then from our pages
    only.
    """
    request: Any = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return request, _token_user(request, find_token(secret.strip()))
    _check_origin(headers)
    key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    if not isinstance(user, User):
        raise TurnedAway(Close.NOT_SIGNED_IN)
    return request, user


def _token_user(request: Any, token: ApiToken | None) -> User:
    if token is None or not may_sign_in(token.user):
        raise TurnedAway(Close.NOT_SIGNED_IN)
    request.api_token = token
    return token.user


def _check_origin(headers: Mapping[str, str]) -> None:
    """A browser always says where the page came from; programs that are no browser have no ambient cookies to abuse."""
    origin = headers.get("origin")
    if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
        return
    if urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        raise ForeignOrigin


def _check_subprotocol(offered: Any) -> None:
    if SUBPROTOCOL not in offered:
        raise TurnedAway(Close.PROTOCOL_ERROR, f"subprotocol {SUBPROTOCOL} expected")


def _visitor(request: HttpRequest, member: Member, public_id: UUID, tag: int) -> Visitor:
    with organization_scope(member.organization_id):
        client_id = Client.objects.filter(public_id=public_id, member=member).values_list("pk", flat=True).first()
    if client_id is None:
        raise TurnedAway(Close.UNKNOWN_CLIENT)
    token: ApiToken | None = getattr(request, "api_token", None)
    return Visitor(
        member=member,
        client_id=client_id,
        public_id=public_id,
        tag=tag,
        credential=credential_of(request),
        session_key=request.session.session_key if token is None else None,
        token_id=None if token is None else token.pk,
    )
