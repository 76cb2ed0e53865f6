"""HTTP requests: each in one thread of a pool, from its first middleware to its last.

Django's own handler starts a thread for every request, makes database wrappers in it, and goes back and forth between
it and the loop: for two signals, for each middleware that looks at views, for the view and for closing. That was 2.5 ms
of CPU a request, of 6 for a small answer. What is streamed is sent as Django sends it.

Requests without a member are bounded by the time that they take: every address has STRANGER_WORK seconds of CPU, and
STRANGER_WORK_PERCENT of a core for long; an address that has used them up is answered 429. They run in threads of their
own, so that members do not wait behind them. A request has a member when its session or token let somebody in before:
the handler remembers which ones did (PROVEN). The people of an office share an address, so those who are signed in must
not pay for their neighbours.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from contextvars import copy_context
from functools import cache, partial
from hashlib import blake2b
from io import BytesIO
from typing import Any, Final, cast

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.db import close_old_connections
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import set_script_prefix

from accounts.errors import Throttled, Unavailable
from accounts.network import scope_address
from accounts.paths import is_api_path
from accounts.problems import problem_response
from config.server.front import EXTENSION, REFUSALS, Front

THREADS: Final = 40  # requests worked on at once; nearly all they do is wait for the stores
STRANGER_THREADS: Final = 8  # of requests without a member
PROVEN: Final = 50_000  # sessions and tokens that are remembered, 150 bytes each
PROVEN_FOR: Final = 600.0  # seconds; a session that has ended counts as a member's for so long
UNREFUSED: Final = {"/healthz", "/readyz"}
AT_ONCE: Final = 2_000  # requests taken in and not yet answered: some seconds of work, then it is better to say so


log = structlog.get_logger(__name__)


class Handler(ASGIHandler):
    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")
        self._stranger_threads = ThreadPoolExecutor(STRANGER_THREADS, thread_name_prefix="request-stranger")
        self._under_way = 0
        self._proven = Proven()

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's signature
        super().load_middleware(is_async=False)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        front: Front | None = scope.get("extensions", {}).get(EXTENSION)
        if front is None and not may_serve_unbounded():
            await send_plainly(send, 503, b"Parley is not served by config.serve; see README.md.\n")
            return
        visit = Visit(scope, front, self._proven)
        if visit.wait and not visit.is_probe:
            await self._refuse(scope, visit, send)
            return
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body):
            set_script_prefix(get_script_prefix(scope))
            request, refused = self.create_request(scope, body)
            response = await self._respond(request, visit) if request is not None else cast(HttpResponseBase, refused)
            if visit.wait:
                response.headers["Connection"] = "close"
            if response.streaming:
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)

    async def _refuse(self, scope: Any, visit: Visit, send: Any) -> None:
        """Before the body is read. The connection ends, so that the next request costs a connection of the address."""
        REFUSALS.labels("stranger_work").inc()
        request, refused = self.create_request(scope, BytesIO())
        response = cast(HttpResponse, refused) if request is None else _too_much(request, visit.wait)
        response.headers["Connection"] = "close"
        response.headers["Content-Length"] = str(len(response.content))
        await self.send_response(response, send)

    async def _respond(self, request: ASGIRequest, visit: Visit) -> HttpResponseBase:
        if self._under_way >= AT_ONCE:
            return _busy(request)
        self._under_way += 1
        try:
            work = partial(copy_context().run, self._respond_here, request, visit)
            threads = self._threads if visit.is_members or visit.is_probe else self._stranger_threads
            return await asyncio.get_running_loop().run_in_executor(threads, work)
        finally:
            self._under_way -= 1

    def _respond_here(self, request: ASGIRequest, visit: Visit) -> HttpResponseBase:
        began = time.thread_time()
        response = self._work(request)
        visit.end(request, time.thread_time() - began)
        return response

    def _work(self, request: ASGIRequest) -> HttpResponseBase:
        signals.request_started.send(sender=type(self), scope=request.scope)
        response: HttpResponseBase = self.get_response(request)
        response._handler_class = type(self)  # type: ignore[attr-defined]  # noqa: SLF001  # sender of the end's signal
        if response.streaming:
            close_old_connections()  # this thread's; what the stream opens in another is closed with it
        else:
            response.close()
        return response

    async def _stream(self, response: HttpResponseBase, receive: Any, send: Any) -> None:
        """To its end, or until nobody reads it any more."""
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        sending = asyncio.ensure_future(self.send_response(response, send))
        leaving = asyncio.ensure_future(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
                with suppress(asyncio.CancelledError, RequestAborted):
                    await task
            await sync_to_async(response.close)()


class Proven:
    """Which sessions and tokens let somebody in of late, as digests, the longest unused forgotten first."""

    def __init__(self) -> None:
        self._since: OrderedDict[bytes, float] = OrderedDict()

    def __contains__(self, key: bytes | None) -> bool:
        return key is not None and time.monotonic() - self._since.get(key, -PROVEN_FOR) < PROVEN_FOR

    def add(self, key: bytes) -> None:
        self._since[key] = time.monotonic()
        self._since.move_to_end(key)
        if len(self._since) > PROVEN:
            self._since.popitem(last=False)

    def discard(self, key: bytes) -> None:
        self._since.pop(key, None)


class Visit:
    """What one request may cost. `wait`: seconds until the address may ask again, 0 when it may now."""

    def __init__(self, scope: Any, front: Front | None, proven: Proven) -> None:
        self._front, self._proven = front, proven
        self._key = _credential_key(scope["headers"])
        self._address = scope_address(scope)
        self.is_members = self._key in proven
        # What restarts a server that does not answer must not be misled by strangers, so a probe is never refused.
        self.is_probe = scope["path"] in UNREFUSED
        self.wait = 0
        if front is not None and not self.is_members and front.work.left(self._address) <= 0:
            self.wait = front.work.wait(self._address)

    def end(self, request: ASGIRequest, seconds: float) -> None:
        """Note who it was, and charge the address for a request without a member. Runs in the thread of the request."""
        member = _signed_in(request)
        if self._key is not None and member is not None:
            (self._proven.add if member else self._proven.discard)(self._key)
        if self._front is None:
            return
        if member or self.is_members:
            self._front.served(self._address)
        else:
            self._front.work.spend(self._address, seconds)


def _credential_key(headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """A digest of the token or of the session cookie that a request brings."""
    cookie = f"{settings.SESSION_COOKIE_NAME}=".encode()
    for name, value in headers:
        if name == b"authorization":
            return blake2b(value, digest_size=16).digest()
        if name == b"cookie":
            for part in value.split(b";"):
                if part.strip().startswith(cookie):
                    return blake2b(part.strip(), digest_size=16).digest()
    return None


def _signed_in(request: ASGIRequest) -> bool | None:
    """Whether somebody is; None when nobody asked, as for static files. Asks nobody itself: it would cost a query."""
    if getattr(request, "token_refused", False):
        return False
    if getattr(request, "api_token", None) is not None:
        return True
    user = getattr(request, "_cached_user", None)
    return None if user is None else bool(user.is_authenticated)


@cache
def may_serve_unbounded() -> bool:
    """Whether another server than config.serve may run the application: nowhere but in development."""
    say = log.error if settings.PRODUCTION else log.warning
    say("served_without_bounds", hint="Start it with: python -m config.serve --bind host:port")
    return not settings.PRODUCTION


async def send_plainly(send: Any, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _wants_page(request: ASGIRequest) -> bool:
    """Scripts and styles are asked for as anything, pages as HTML."""
    return not is_api_path(request.path_info) and "text/html" in request.headers.get("Accept", "")


def _too_much(request: ASGIRequest, wait: int) -> HttpResponse:
    """Before any middleware, on the loop itself, as `_busy`."""
    refusal = Throttled(wait)
    if not _wants_page(request):
        return problem_response(refusal)
    return HttpResponse(_page("429.html"), status=refusal.status, headers={"Retry-After": str(wait)})


def _busy(request: ASGIRequest) -> HttpResponse:
    """Before any middleware, on the loop itself."""
    if not _wants_page(request):
        return problem_response(Unavailable())
    return HttpResponse(_page("503.html"), status=Unavailable.status)


@cache
def _page(template: str) -> bytes:
    return render_to_string(template).encode()
