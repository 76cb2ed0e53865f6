"""Request ids and log lines."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import uuid
from collections.abc import Iterator

import pytest
import structlog
from django.test import AsyncClient, Client

from config import logs


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a production process writes, as JSON lines."""
    stream = io.StringIO()
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    configuration = logs.configuration(format="json", level="INFO")
    configuration["handlers"]["stderr"]["stream"] = stream
    logging.config.dictConfig(configuration)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_answer_carries_an_id(client: Client) -> None:
    first, second = client.get("/healthz")["X-Request-ID"], client.get("/healthz")["X-Request-ID"]
    assert uuid.UUID(first) != uuid.UUID(second)


async def test_every_answer_carries_an_id_in_a_coroutine_too(async_client: AsyncClient) -> None:
    assert uuid.UUID((await async_client.get("/healthz"))["X-Request-ID"])


def test_the_id_of_a_proxy_is_kept(client: Client) -> None:
    assert client.get("/healthz", headers={"x-request-id": "edge-7f3a.0001"})["X-Request-ID"] == "edge-7f3a.0001"


@pytest.mark.parametrize("offered", ["", "short", "x" * 65, "has space in it", 'quote"and{brace}', "line\nbreak-1234"])
def test_an_id_that_could_harm_a_log_is_replaced(client: Client, offered: str) -> None:
    assert uuid.UUID(client.get("/healthz", headers={"x-request-id": offered})["X-Request-ID"])


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/no-such-address", "/o/acme/api/v1/sync"])
@pytest.mark.django_db
def test_what_a_client_asks_to_have_back_comes_back(client: Client, path: str) -> None:
    asked = "6f1c1f4e-7f0b-4c57-9d5a-0d4bb0a7f5a1.17"
    assert client.get(path, headers={"parley-request": asked})["Parley-Request"] == asked
    assert "Parley-Request" not in client.get(path)


@pytest.mark.parametrize("offered", ["short", "x" * 65, "has space in it", "line\nbreak-1234"])
def test_what_could_harm_the_answer_does_not_come_back(client: Client, offered: str) -> None:
    assert "Parley-Request" not in client.get("/healthz", headers={"parley-request": offered})


@pytest.mark.django_db
def test_a_request_is_one_json_line_with_its_id(client: Client, written: io.StringIO) -> None:
    client.get("/no/such/page?token=let-me-in&page=2", headers={"x-request-id": "edge-7f3a.0002"})
    (line,) = [line for line in lines(written) if line.get("request_id") == "edge-7f3a.0002"]
    assert line["event"] == "request_finished"
    assert line["code"] == 404
    assert line["request"] == "GET /no/such/page?token=…&page=2"
    assert line["level"] == "warning"


def test_lines_of_the_standard_library_look_the_same(written: io.StringIO) -> None:
    logging.getLogger("somebody.else").warning("%d things", 3)
    (line,) = lines(written)
    assert (line["event"], line["logger"], line["level"]) == ("3 things", "somebody.else", "warning")
    assert str(line["timestamp"]).endswith("Z")


@pytest.mark.parametrize("format", ["json", "console"])
def test_an_exception_does_not_give_away_what_variables_hold(written: io.StringIO, format: str) -> None:
    handler = logging.getLogger().handlers[0]
    formatters = logs.configuration(format=format, level="INFO")["formatters"]
    handler.setFormatter(logging.config.DictConfigurator({}).configure_formatter(formatters["structured"]))  # type: ignore[attr-defined]

    def sign_in(password: str) -> None:
        int("not a number")

    secret = "let-me-in"  # not in the line that a traceback quotes
    try:
        sign_in(secret)
    except ValueError:
        structlog.get_logger("parley.test").exception("failed")
    assert "ValueError" in written.getvalue()
    assert secret not in written.getvalue()


def test_an_exception_is_structured(written: io.StringIO) -> None:
    try:
        int("the reason")
    except ValueError:
        structlog.get_logger("parley.test").exception("failed", part="here")
    (line,) = lines(written)
    assert (line["event"], line["part"]) == ("failed", "here")
    assert line["exception"][0]["exc_type"] == "ValueError"  # type: ignore[index]
