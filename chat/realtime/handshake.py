"""Who is at the door: from the headers and the address of a handshake to a member and their client.

It is Django that knows sessions and tokens, so this runs in a thread; everything after it is asyncio. Whoever comes
while others are being looked up is looked up together with those who come then: when a node dies, a thousand clients
are at the door of the next at once (1.3 ms of CPU each, where one by one it was 4).
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

MOST: Final = 2**63 - 1  # the highest tag there can be
TOGETHER: Final = 100  # visitors looked up at once: more would keep the first of them waiting

Scope = Mapping[str, Any]


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


async def receive_visitor(scope: Scope) -> Visitor:
    """Raises TurnedAway, ForeignOrigin, and whatever a database does that is away."""
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
    """Until nobody waits. Who is being received stays in the list, so that nobody else begins to work it off."""
    while waiting:
        some = waiting[:TOGETHER]
        outcomes = await _receive([scope for scope, _ in some])
        del waiting[: len(some)]
        for (_, answer), outcome in zip(some, outcomes, strict=True):
            if answer.done():
                continue  # it went away meanwhile
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)


async def _receive(scopes: Sequence[Scope]) -> Sequence[Visitor | Exception]:
    """Together, or each alone when that fails for another reason than a database that is away: one of them may be at
    fault, and the others must not be turned away with it.
    """
    try:
        return await sync_to_async(receive_visitors, thread_sensitive=False)(scopes)
    except (InterfaceError, OperationalError, PoolTimeout) as error:
        return [error] * len(scopes)
    except Exception as error:  # noqa: BLE001  # for those who wait to judge
        return [error] if len(scopes) == 1 else [(await _receive([scope]))[0] for scope in scopes]


def receive_visitors(scopes: Sequence[Scope]) -> list[Visitor | Exception]:
    """Everybody's answer in the order of the scopes: a visitor, or TurnedAway or ForeignOrigin."""
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
        connections.close_all()  # the thread goes back to its pool, and so does what it used


class _Arrival:
    """One handshake on its way through the checks, which end at the first that fails."""

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
    """By token if there is one (no browser adds it by itself), else by the session cookie, and then from our pages
    only.
    """
    if arrival.secret is not None:
        arrival.token = arrival.request.api_token = tokens.get(arrival.secret)
        if arrival.token is None or not may_sign_in(arrival.token.user):
            raise TurnedAway(Close.NOT_SIGNED_IN)
        arrival.user = arrival.token.user
    else:
        _check_origin(arrival.headers)
        key = parse_cookie(arrival.headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
        if key is not None and "\0" in key:  # a quoted cookie can hold it, and the database cannot compare it
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
    """A browser always says where the page came from; programs that are no browser have no ambient cookies to abuse."""
    origin = headers.get("origin")
    if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
        return
    try:
        host = urlsplit(origin).netloc.lower()
    except ValueError:  # an address that is none
        raise ForeignOrigin from None
    if host != headers.get("host", "").lower():
        raise ForeignOrigin


def _find_clients(arrivals: Sequence[_Arrival]) -> dict[tuple[UUID, UUID], int]:
    """By public id and member: a client is found by whose it is."""
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
