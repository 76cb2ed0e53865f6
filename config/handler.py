"""HTTP requests: each in one thread of a pool, from its first middleware to its last.

Django's own handler starts a thread for every request, makes database wrappers in it, and goes back and forth between
it and the loop: for two signals, for each middleware that looks at views, for the view and for closing. That was 2.5 ms
of CPU a request, of 6 for a small answer. What is streamed is sent as Django sends it.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from contextvars import copy_context
from functools import cache, partial
from typing import Any, Final, cast

from asgiref.sync import sync_to_async
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.db import close_old_connections
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import set_script_prefix
from django.utils.translation import gettext_lazy

from accounts.addresses import is_api_path
from accounts.errors import Refusal
from accounts.problems import problem_response

THREADS: Final = 40  # requests worked on at once; nearly all they do is wait for the stores
AT_ONCE: Final = 2_000  # requests taken in and not yet answered: some seconds of work, then it is better to say so


class Busy(Refusal):
    code, status, title = "unavailable", 503, gettext_lazy("There is too much to do for a moment. Try again.")


class Handler(ASGIHandler):
    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")
        self._under_way = 0

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's signature
        super().load_middleware(is_async=False)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body):
            set_script_prefix(get_script_prefix(scope))
            request, refused = self.create_request(scope, body)
            response = await self._respond(request) if request is not None else cast(HttpResponseBase, refused)
            if response.streaming:
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)

    async def _respond(self, request: ASGIRequest) -> HttpResponseBase:
        if self._under_way >= AT_ONCE:
            return _busy(request)
        self._under_way += 1
        try:
            work = partial(copy_context().run, self._respond_here, request)
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._under_way -= 1

    def _respond_here(self, request: ASGIRequest) -> HttpResponseBase:
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


def _busy(request: ASGIRequest) -> HttpResponse:
    """Before any middleware, on the loop itself."""
    if is_api_path(request.path_info) or "text/html" not in request.headers.get("Accept", ""):  # scripts, styles
        return problem_response(Busy())
    return HttpResponse(_busy_page(), status=Busy.status)


@cache
def _busy_page() -> bytes:
    """The page of a store that is away, which says what is to be said here, too."""
    return render_to_string("503.html").encode()
