"""From the headers and the address of a handshake to a member and their client.

Sessions and tokens are read with Django, so this runs in a thread; everything after it is asyncio. Handshakes that
arrive while others are looked up are looked up together: when a node ends, a thousand clients connect to the next at
once. Together each costs 1.3 ms of CPU; one by one each cost 4 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.db import InterfaceError, OperationalError, connections
from django.http import HttpRequest, parse_cookie
from psycopg_pool import PoolTimeout

from accounts.credentials import credential_of
from accounts.models import ApiToken, Member, User
from accounts.sanctions import close_reason, suspension_refusal
from accounts.sign_in.policy import may_sign_in
from accounts.tenancy import members_of, organization_scope
from accounts.tokens import find_tokens
from chat.models import Client
from chat.wire import SUBPROTOCOL, Close

MOST: Final = 2**63 - 1  # the highest possible tag
TOGETHER: Final = 100  # visitors looked up at once: with more, the first of them would wait longer

Scope = Mapping[str, Any]


class ForeignOrigin(Exception):
    """A page of another site used the cookie of a visitor. It gets no socket and no reason."""


class TurnedAway(Exception):
    """The handshake is refused with a close code to which the client reacts."""

    def __init__(self, code: Close, reason: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who connects: the member, their client, the tag that it has applied, and the credential of the handshake."""

    member: Member
    client_id: int
    public_id: UUID
    tag: int
    credential: str
    session_key: str | None
    token_id: UUID | None


async def receive_visitor(scope: Scope) -> Visitor:
    """Return the visitor of a handshake. Raises TurnedAway, ForeignOrigin, and errors of a database that is away."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Visitor] = loop.create_future()
    waiting = _waiting.setdefault(loop, [])
    waiting.append((scope, answer))
    if len(waiting) == 1:
        task = loop.create_task(_receive_all(waiting))
        _working.add(task)  # the loop holds its tasks only weakly
        task.add_done_callback(_working.discard)
    return await answer


async def _receive_all(waiting: list[tuple[Scope, asyncio.Future[Visitor]]]) -> None:
    """Look up visitors until none waits. They stay in the list meanwhile, so that no second task is started for it."""
    while waiting:
        some = waiting[:TOGETHER]
        outcomes = await _receive([scope for scope, _ in some])
        del waiting[: len(some)]
        for (_, answer), outcome in zip(some, outcomes, strict=True):
            if answer.done():
                continue  # the socket has closed meanwhile
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)


async def _receive(scopes: Sequence[Scope]) -> Sequence[Visitor | Exception]:
    """Look up visitors together. If that fails, and not because the database is away, look up each alone: one of them
    may be the cause, and the others must not be refused with it.
    """
    try:
        return await sync_to_async(receive_visitors, thread_sensitive=False)(scopes)
    except (InterfaceError, OperationalError, PoolTimeout) as error:
        return [error] * len(scopes)
    except Exception as error:  # noqa: BLE001  # raised again for the visitor who caused it
        return [error] if len(scopes) == 1 else [(await _receive([scope]))[0] for scope in scopes]


def receive_visitors(scopes: Sequence[Scope]) -> list[Visitor | Exception]:
    """Return the outcomes in the order of the scopes: a visitor, TurnedAway or ForeignOrigin."""
    arrivals = [_Arrival(scope) for scope in scopes]
    try:
        tokens = find_tokens([each.secret for each in arrivals if each.secret is not None])
        for each in arrivals:
            each.go_on(_sign_in, tokens)
        present = [each for each in arrivals if each.user is not None]
        members = members_of([each.user for each in present if each.user is not None], {each.slug for each in present})
        for each in present:
            each.go_on(_enter, members)
        clients = _find_clients([each for each in present if each.member is not None])
        return [each.visitor(clients) for each in arrivals]
    finally:
        connections.close_all()  # the thread returns to its pool, and its connections to theirs


class _Arrival:
    """One handshake and its checks, which end with the first that fails."""

    public_id: UUID
    tag: int

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.slug: str = scope["url_route"]["kwargs"]["slug"]
        self.request: Any = HttpRequest()
        self.request.session = import_module(settings.SESSION_ENGINE).SessionStore()
        self.token: ApiToken | None = None
        self.user: User | None = None
        self.member: Member | None = None
        self.refusal: Exception | None = None
        self.go_on(_read_query)

    @property
    def secret(self) -> str | None:
        scheme, _, secret = self.headers.get("authorization", "").partition(" ")
        return secret.strip() if scheme.lower() == "bearer" else None

    def go_on(self, check: Callable[..., None], *known: Any) -> None:
        if self.refusal is None:
            try:
                check(self, *known)
            except (TurnedAway, ForeignOrigin) as refusal:
                self.refusal, self.user, self.member = refusal, None, None

    def visitor(self, clients: Mapping[tuple[UUID, UUID], int]) -> Visitor | Exception:
        if self.refusal is not None or self.member is None:
            return self.refusal or TurnedAway(Close.NOT_A_MEMBER)
        client_id = clients.get((self.public_id, self.member.pk))
        if client_id is None:
            return TurnedAway(Close.UNKNOWN_CLIENT)
        return Visitor(
            member=self.member,
            client_id=client_id,
            public_id=self.public_id,
            tag=self.tag,
            credential=credential_of(self.request),
            session_key=self.request.session.session_key if self.token is None else None,
            token_id=None if self.token is None else self.token.pk,
        )


def _read_query(arrival: _Arrival) -> None:
    query = dict(parse_qsl(arrival.scope["query_string"].decode("latin-1")))
    try:
        arrival.public_id, arrival.tag = UUID(query["client"]), int(query.get("tag", "0"))
    except (KeyError, ValueError):
        raise TurnedAway(Close.PROTOCOL_ERROR, "client and tag are needed") from None
    if not 0 <= arrival.tag <= MOST:
        raise TurnedAway(Close.PROTOCOL_ERROR, "no such tag")


def _sign_in(arrival: _Arrival, tokens: Mapping[str, ApiToken]) -> None:
    """Sign in by token if there is one, since no browser adds one by itself; else by the session cookie, and then only
    from pages of this site.
    """
    if arrival.secret is not None:
        arrival.token = arrival.request.api_token = tokens.get(arrival.secret)
        if arrival.token is None or not may_sign_in(arrival.token.user):
            raise TurnedAway(Close.NOT_SIGNED_IN)
        arrival.user = arrival.token.user
    else:
        _check_origin(arrival.headers)
        key = parse_cookie(arrival.headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
        if key is not None and "\0" in key:  # a quoted cookie can contain it, and the database refuses to compare it
            raise TurnedAway(Close.NOT_SIGNED_IN)
        arrival.request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        user = get_user(arrival.request)
        if not isinstance(user, User):
            raise TurnedAway(Close.NOT_SIGNED_IN)
        arrival.user = user
    if SUBPROTOCOL not in arrival.scope.get("subprotocols", ()):
        raise TurnedAway(Close.PROTOCOL_ERROR, f"subprotocol {SUBPROTOCOL} expected")


def _enter(arrival: _Arrival, members: Mapping[tuple[UUID, str], Member]) -> None:
    arrival.member = members.get((arrival.user.pk, arrival.slug)) if arrival.user is not None else None
    if arrival.member is None:
        refusal = suspension_refusal(arrival.user, arrival.slug) if arrival.user is not None else None
        raise TurnedAway(Close.NOT_A_MEMBER, close_reason(refusal) if refusal else "")


def _check_origin(headers: Mapping[str, str]) -> None:
    """A browser always sends the origin of the page. Other programs have no cookies that a page could abuse."""
    origin = headers.get("origin")
    if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
        return
    try:
        host = urlsplit(origin).netloc.lower()
    except ValueError:  # not an address
        raise ForeignOrigin from None
    if host != headers.get("host", "").lower():
        raise ForeignOrigin


def _find_clients(arrivals: Sequence[_Arrival]) -> dict[tuple[UUID, UUID], int]:
    """Return the ids of clients by public id and member, so that no member finds the client of another."""
    found: dict[tuple[UUID, UUID], int] = {}
    asked: dict[UUID, list[_Arrival]] = {}
    for each in arrivals:
        if each.member is not None:
            asked.setdefault(each.member.organization_id, []).append(each)
    for organization_id, some in asked.items():
        with organization_scope(organization_id):
            rows = Client.objects.filter(public_id__in=[each.public_id for each in some])
            for client_id, public_id, member_id in rows.values_list("pk", "public_id", "member_id"):
                found[public_id, member_id] = client_id
    return found


_waiting: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, list[tuple[Scope, asyncio.Future[Visitor]]]]] = (
    WeakKeyDictionary()
)
_working: Final[set[asyncio.Task[None]]] = set()
