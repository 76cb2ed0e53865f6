"""What one connection may ask of the server before anybody is signed in, with raw sockets on a server as it is run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from config.server.front import BODIES_OF_ADDRESS, HEAD_BYTES, HEADERS, PIPELINED
from tests.support.served import Line, Served, served

LARGEST = 1_048_576  # DATA_UPLOAD_MAX_MEMORY_SIZE
API = "/o/acme/api/v1/me"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served"), CONNECTIONS_AT_ONCE="100000") as server:
        yield server


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that waits for a second where the usual one waits for many."""
    short = {"HEAD_TIMEOUT": "1", "BODY_TIMEOUT": "1", "CONNECTIONS_PER_ADDRESS": "10"}
    with served(tmp_path_factory.mktemp("impatient"), **short) as server:
        yield server


@pytest.fixture(autouse=True)
def hang_up(server: Served, impatient: Served) -> Iterator[None]:
    yield
    server.hang_up()
    impatient.hang_up()


@pytest.fixture
def line(server: Served) -> Line:
    return server.connect()


@pytest.mark.parametrize(
    "rest",
    [
        b"a:b\r\n" * (16 * HEAD_BYTES // 5),
        b"a:" + b"b" * (16 * HEAD_BYTES),
        b"a" * (16 * HEAD_BYTES),
        b"a:b\r\n" * (HEADERS + 1) + b"\r\n",
        b"a: " + b"b" * HEAD_BYTES + b"\r\n\r\n",
    ],
    ids=["many lines", "an endless value", "an endless name", "complete, but too many lines", "complete, but too long"],
)
@pytest.mark.parametrize("before", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"], ids=["first", "kept alive"])
def test_a_head_is_bounded(line: Line, before: bytes, rest: bytes) -> None:
    if before:
        line.send(before)
        assert line.answer().status == 200
    line.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + rest)
    assert line.answer().status == 431
    assert line.ended()


@pytest.mark.parametrize("start", [b"GET /" + b"a" * (2 * HEAD_BYTES), b"\r\n" * HEAD_BYTES])
def test_a_line_that_is_no_header_is_bounded_like_one(line: Line, start: bytes) -> None:
    line.send(start + b" HTTP/1.1\r\n\r\n")
    assert line.answer().status == 431
    assert line.ended()


def test_a_head_as_large_as_browsers_send_is_read(line: Line) -> None:
    cookies = "".join(f"Cookie: c{number}={'v' * 500}\r\n" for number in range(100))
    assert line.ask(f"GET /healthz HTTP/1.1\r\n{cookies}").status == 200


@pytest.mark.parametrize("path", ["/nowhere", "/healthz", API])
@pytest.mark.parametrize("head", ["Transfer-Encoding: chunked", f"Content-Length: {50 * LARGEST}"])
def test_a_body_is_bounded_whatever_it_is_for(line: Line, path: str, head: str) -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n" if "chunked" in head else b"x" * 65_536
    answer = line.ask(f"POST {path} HTTP/1.1\r\n{head}\r\nParley-Request: abcdef-0123\r\n", chunk * 200)
    assert (answer.status, answer.headers["parley-request"]) == (413, "abcdef-0123")
    assert line.ended()
    if path == API:
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json()["code"], answer.json()["status"]) == ("too_large", 413)
    else:
        assert answer.headers["content-type"].startswith("text/plain")


def test_the_largest_body_that_is_allowed_is_read(line: Line) -> None:
    answer = line.ask(f"POST /healthz HTTP/1.1\r\nContent-Length: {LARGEST}\r\n", b"x" * LARGEST)
    assert answer.status == 200
    line.send(b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert line.answer().status == 100
    line.send(b"abc")
    assert line.answer().status == 200


def test_what_is_no_http_is_refused(line: Line) -> None:
    line.send(b"\x16\x03\x01 a TLS client\r\n\r\n")
    assert line.answer().status == 400
    assert line.ended()


def test_an_upgrade_that_nobody_knows_is_an_ordinary_request(line: Line) -> None:
    assert line.ask("GET /healthz HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n").status == 200


def test_some_requests_may_be_sent_ahead_and_no_more(server: Served) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    line = server.connect()
    line.send(request * PIPELINED)
    data = b""
    while data.count(b"HTTP/1.1 200") < PIPELINED:
        data += line.socket.recv(65_536)
    line.send(request * 1_000)
    assert line.ended()


def test_unfinished_bodies_are_bounded_together_and_small_ones_are_not_refused(server: Served) -> None:
    lines = [server.connect() for _ in range(BODIES_OF_ADDRESS // LARGEST + 2)]
    head = f"POST /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LARGEST}\r\n\r\n".encode()
    for line in lines:
        line.send(head + b"x" * (LARGEST - 1))
    refused = [line for line in lines if _is_refused(line)]
    assert refused
    small = server.connect().ask("POST /healthz HTTP/1.1\r\nContent-Length: 3\r\n", b"abc")
    assert small.status == 200
    server.hang_up()
    answer = server.connect().ask(f"POST /healthz HTTP/1.1\r\nContent-Length: {LARGEST}\r\n", b"x" * LARGEST)
    assert answer.status == 200  # what was held is free again


def _is_refused(line: Line) -> bool:
    """Whether it is among those that were answered: it sends its last byte, and the others get another answer."""
    line.send(b"x")
    answer = line.answer()
    if answer.status == 503:
        assert answer.json()["code"] == "unavailable"
        assert int(answer.headers["retry-after"]) > 0
    return answer.status == 503


HALF = [
    b"GET / HTTP/1.1\r\nHost: x\r\nX-",
    b"POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123",
    b"POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
]


@pytest.mark.parametrize("before", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"], ids=["first", "kept alive"])
@pytest.mark.parametrize("part", HALF)
def test_half_a_request_is_not_waited_for(impatient: Served, before: bytes, part: bytes) -> None:
    line = impatient.connect()
    if before:
        line.send(before)
        assert line.answer().status == 200
    line.send(part)
    assert line.answer().status == 408
    assert line.ended()


@pytest.mark.parametrize("part", [b"", b"\r\n"])
def test_who_says_nothing_is_not_waited_for(impatient: Served, part: bytes) -> None:
    line = impatient.connect()
    line.send(part)
    assert line.ended()


def test_the_connection_that_was_idle_for_longest_makes_room_for_a_new_one(impatient: Served) -> None:
    lines = [impatient.connect() for _ in range(10)]
    assert impatient.connect().ask("GET /healthz HTTP/1.1\r\n").status == 200
    assert lines[0].ended()
