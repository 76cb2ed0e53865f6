"""Requests as a server hands them over: scope, receive and send."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path

from config.server import handler as module
from config.server.handler import Handler

urlpatterns: list[Any] = [path("", include("config.urls"))]
held: list[Any] = []


def view_at(address: str):
    def add(view):
        urlpatterns.append(path(address, view))
        return view

    return add


@view_at("database")
def database(request: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    held.append(connections["default"])
    return JsonResponse({"thread": threading.current_thread().name, "asked": connection.connection is not None})


@view_at("slow")
def slow(request: HttpRequest) -> HttpResponse:
    begun.set()
    assert release.wait(20)
    return HttpResponse("done")


@view_at("endless")
def endless(request: HttpRequest) -> StreamingHttpResponse:
    async def lines() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"line\n"
                await asyncio.sleep(0)
        finally:
            ended.set()

    return StreamingHttpResponse(lines())


@view_at("broken")
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("secret")


begun, release, ended = threading.Event(), threading.Event(), threading.Event()
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def handler():
    for event in (begun, release, ended):
        event.clear()
    held.clear()
    made = Handler()
    yield made
    release.set()
    made._threads.shutdown()


async def ask(handler: Handler, address: str, *, accept: str = "*/*", leave_after: int = 10**9) -> tuple[int, bytes]:
    """Status and body. The client leaves after so many parts of the answer."""
    sent: list[dict[str, Any]] = []
    bored, asked = asyncio.Event(), False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b""}
        await bored.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if len(sent) >= leave_after:
            bored.set()

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": address,
        "query_string": b"",
        "headers": [(b"host", b"testserver"), (b"accept", accept.encode())],
        "client": ("192.0.2.7", 1),
        "server": ("testserver", 80),
        "scheme": "http",
    }
    await handler(scope, receive, send)
    return sent[0]["status"], b"".join(part.get("body", b"") for part in sent[1:])


@pytest.mark.django_db(transaction=True)
async def test_a_request_runs_in_the_pool_and_gives_its_connection_back(handler):
    status, body = await ask(handler, "/database")
    said = json.loads(body)
    assert (status, said["asked"]) == (200, True)
    assert said["thread"].startswith("request")
    assert [wrapper.connection for wrapper in held] == [None]


async def test_a_defect_is_a_500_that_says_nothing(handler):
    status, body = await ask(handler, "/broken")
    assert status == 500
    assert b"secret" not in body


async def test_beyond_the_bound_requests_get_503(handler, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "AT_ONCE", 1)
    first = asyncio.create_task(ask(handler, "/slow"))
    assert await asyncio.to_thread(begun.wait, 20)
    for address, accept in (("/slow", "*/*"), ("/o/acme/api/v1/me", BROWSER)):
        status, body = await ask(handler, address, accept=accept)
        assert (status, json.loads(body)["code"]) == (503, "unavailable")
    module._page.cache_clear()
    for _ in range(2):
        status, body = await ask(handler, "/slow", accept=BROWSER)
        assert (status, b"Parley is temporarily unavailable" in body) == (503, True)
    assert module._page.cache_info().misses == 1
    release.set()
    assert await first == (200, b"done")
    assert (await ask(handler, "/slow"))[0] == 200


async def test_a_stream_ends_when_nobody_reads_it_any_more(handler):
    async with asyncio.timeout(60):
        status, body = await ask(handler, "/endless", leave_after=5)
    assert status == 200
    assert body.startswith(b"line\nline\n")
    assert ended.is_set()
