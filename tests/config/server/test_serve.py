"""How the server is started, and what it has however it is started."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from config.server import handler as module
from config.server.front import EXTENSION, Front
from config.server.handler import Handler, Proven, Visit
from config.server.run import configuration, listen
from tests.support.served import Served, served

HANDSHAKE = (
    "GET /o/acme/ws/v1/?client=x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    limits = {"STRANGER_WORK": "1", "STRANGER_WORK_PERCENT": "0.000001"}  # what is used up does not come back meanwhile
    with served(tmp_path_factory.mktemp("served"), **limits) as server:
        yield server


def test_nothing_is_compressed_and_nothing_says_what_serves(server: Served) -> None:
    answer = server.connect().ask("GET /healthz HTTP/1.1\r\n")
    assert "server" not in answer.headers
    shaken = server.connect().ask(HANDSHAKE)
    assert shaken.status == 101
    assert "sec-websocket-extensions" not in shaken.headers


def test_an_address_of_strangers_may_take_so_much_work_and_no_more(server: Served) -> None:
    """Probes are answered all the same, but each costs a connection."""
    answers: list[int] = []
    while len(answers) < 2_000 and 429 not in answers:
        answers.append(server.connect().ask("GET /nowhere HTTP/1.1\r\nAccept: text/html\r\n").status)
        server.hang_up()
    assert answers[0] == 404
    assert answers[-1] == 429
    line = server.connect()
    answer = line.ask("GET /o/acme/api/v1/sync HTTP/1.1\r\nAuthorization: Bearer parley_guess\r\n")
    assert (answer.status, answer.json()["code"]) == (429, "throttled")
    assert int(answer.headers["retry-after"]) >= 1
    assert line.ended()
    line = server.connect()
    assert line.ask("GET /healthz HTTP/1.1\r\n").status == 200
    assert line.ended()


def visit(front: Front, proven: Proven, *, token: str = "", address: str = "192.0.2.1") -> Visit:
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    return Visit({"headers": headers, "client": (address, 1), "path": "/"}, front, proven)


class Request:
    """As much of a request as a visit looks at."""

    def __init__(self, **known: Any) -> None:
        self.__dict__ |= known


def test_members_do_not_pay_for_the_strangers_at_their_address() -> None:
    front, proven = Front(), Proven()
    visit(front, proven, token="good").end(Request(api_token="row"), 1.0)  # type: ignore[arg-type]
    visit(front, proven, token="bad").end(Request(token_refused=True), 1_000.0)  # type: ignore[arg-type]
    assert visit(front, proven, token="bad").wait > 0
    assert visit(front, proven).wait > 0
    assert visit(front, proven, address="192.0.2.2").wait == 0
    member = visit(front, proven, token="good")
    assert (member.wait, member.is_members) == (0, True)
    member.end(Request(token_refused=True), 1.0)  # type: ignore[arg-type]  # it was revoked meanwhile
    assert visit(front, proven, token="good").wait > 0


def test_people_of_one_network_share_what_they_may_take() -> None:
    front, proven = Front(), Proven()
    visit(front, proven, address="2001:db8::1").end(Request(), 1_000.0)  # type: ignore[arg-type]
    assert visit(front, proven, address="2001:db8::2").wait > 0
    assert visit(front, proven, address="2001:db8:0:1::2").wait == 0


async def ask_raw(scope: dict[str, Any]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asked = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/healthz", "query_string": b""}
    await Handler()(
        asked | {"headers": [], "client": ("192.0.2.7", 1), "server": ("x", 80), "scheme": "http"} | scope,
        receive,
        send,
    )
    return sent


@pytest.mark.parametrize(
    ("production", "extensions", "status"), [(True, {}, 503), (True, {EXTENSION: "own"}, 200), (False, {}, 200)]
)
async def test_another_server_is_refused_in_production(
    monkeypatch: pytest.MonkeyPatch, production: object, extensions: dict[str, Any], status: int
) -> None:
    monkeypatch.setattr(settings, "PRODUCTION", production)
    module.may_serve_unbounded.cache_clear()
    own = {EXTENSION: Front()} if extensions else {}
    try:
        assert (await ask_raw({"extensions": own}))[0]["status"] == status
    finally:
        module.may_serve_unbounded.cache_clear()


def test_it_listens_at_the_address_given(tmp_path: Path) -> None:
    with listen("127.0.0.1:0") as by_address, listen(f"unix:{tmp_path}/parley.sock") as by_file:
        assert by_address.getsockname()[0] == "127.0.0.1"
        assert by_file.getsockname() == f"{tmp_path}/parley.sock"
    with listen(f"unix:{tmp_path}/parley.sock") as again:  # the file of a server that was killed is in nobody's way
        assert again.family == socket.AF_UNIX


@pytest.mark.parametrize(
    ("bind", "environment", "reason"),
    [
        ("192.0.2.1:1", {}, "cannot listen on 192.0.2.1:1"),
        ("nonsense", {}, "cannot listen on nonsense"),
        ("127.0.0.1:0", {"PRODUCTION": "1"}, "parley.E006"),
        ("127.0.0.1:0", {"HEAD_TIMEOUT": "soon"}, "HEAD_TIMEOUT=soon cannot be read"),
    ],
)
def test_what_keeps_it_from_starting_is_explained(bind: str, environment: dict[str, str], reason: str) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    done = subprocess.run(
        [sys.executable, "-m", "config.serve", "--bind", bind],
        env=kept | environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_one_way_of_serving_is_documented() -> None:
    """And it is the one that is bounded."""
    readme = (settings.BASE_DIR / "README.md").read_text()
    assert "python -m config.serve --bind" in readme
    assert not re.search(r"^\$ uvicorn", readme, re.MULTILINE)
    config = configuration()
    config.load()
    assert config.http_protocol_class.__name__ == "BoundedHttpProtocol"
    assert config.ws_protocol_class is not None and config.ws_protocol_class.__name__ == "DirectProtocol"
