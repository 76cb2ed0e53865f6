"""uvicorn's HTTP protocol with bounds on everything that comes before the application.

| what                                        | bound                                       | answer             |
| ------------------------------------------- | ------------------------------------------- | ------------------ |
| the head of a request                       | HEAD_BYTES, HEADERS                         | 431                |
| the time until a head is complete           | settings.HEAD_TIMEOUT, keep-alive included  | 408, or none       |
| a body, by Content-Length and as it arrives | settings.DATA_UPLOAD_MAX_MEMORY_SIZE        | 413                |
| the time until a body is complete           | settings.BODY_TIMEOUT                       | 408                |
| unfinished and waiting bodies together      | BODIES, BODIES_OF_ADDRESS (front.py)        | 503                |
| requests sent ahead of their answers        | PIPELINED                                   | the connection ends |
| the time until an answer is taken           | settings.ANSWER_TIMEOUT                     | the connection ends |
| connections, by address and in all          | front.py                                    | the idle one ends  |

A refusal is problem details for the API and plain text elsewhere, and it ends the connection. The client keeps LINGER
seconds to read it: a connection that is cut while bytes are on their way loses its answer at many clients.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any, Final, cast

import httptools
from django.conf import settings
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from accounts.network import peer_address, scope_address
from accounts.paths import is_api_path
from config.logs import REQUEST_ID
from config.server.front import (
    EXTENSION,
    HEAD_BYTES,
    HEADERS,
    LINGER,
    LINGER_BYTES,
    NEVER,
    PIPELINED,
    REFUSALS,
    SMALL_BODY,
    front_of,
)

ECHOED: Final = b"parley-request"  # goes back as it came; clients believe no other answer
PROBLEM: Final = "application/problem+json"
PLAIN: Final = "text/plain; charset=utf-8"
RETRY_AFTER: Final = 5  # seconds; bodies come and go much faster than that
CODES: Final = {413: "too_large", 503: "unavailable"}  # other refusals are called by their status
SENTENCES: Final = {
    400: "The request cannot be read.",
    408: "The request did not arrive in time.",
    413: "The body is too large.",
    431: "The head of the request is too large.",
    503: "Too many requests arrive at once. Try again.",
}


class Refused(Exception):
    """Raised in a callback of the parser, so that it reads no further."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """One HTTP connection. It counts as a stranger (config/server/front.py) from its first byte to its last."""

    address: str | None = None

    _refused = False  # an answer was given that ends the connection; what still comes is not read
    _parting = LINGER_BYTES  # bytes that are taken from a refused client before its connection is paused
    _begun = False  # there was a first byte of a first request
    _in_head = True  # a head is awaited, or a part of one has arrived
    _head = 0  # bytes of its complete lines
    _raw = 0  # bytes that arrived without completing it
    _heads = 0  # that were complete
    _body = 0  # bytes of the present body
    _body_complete = True
    _answering = False  # the present request has its turn, so an answer written now would be its own
    _held = 0  # bytes of bodies that the Front counts
    _owner: str | None = None  # the address that they are counted under
    _until = NEVER  # when what is awaited from the client must be there
    _due = NEVER  # when an answer that waits for its reader is given up

    # --- The connection -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.front = front_of(self.server_state)
        self.address = self._owner = peer_address(self.client)
        self._expect_head()
        if not (self.front.may_connect(self.address) and self.front.enter(self)):
            self._refused = True
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.front.leave(self)
        self._release()
        super().connection_lost(exc)

    @property
    def deadline(self) -> float:
        return min(self._until, self._due)

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""
        return not self._refused and self._body_complete and not self._owes_answer()

    def cut(self, reason: str) -> None:
        """End the connection: with 408 where half a request waits for the rest of it, else without a word."""
        if reason == "deadline" and not self._refused and self._unfinished() and self._may_answer():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, reason="head_timeout" if self._in_head else "body_timeout")
            return
        REFUSALS.labels(reason).inc()
        written = self.idle and self.transport.get_write_buffer_size() == 0
        self._refused = True
        self.front.leave(self)
        if written:
            self.transport.close()
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._due = self.loop.time() + settings.ANSWER_TIMEOUT

    def resume_writing(self) -> None:
        super().resume_writing()
        self._due = NEVER

    # --- What arrives -------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._part(len(data))
            return
        if not self._in_head and self._body_complete and self.cycle.response_complete:
            self._expect_head()
        heads = self._heads
        try:
            self.parser.feed_data(data)
            if self._in_head and self._heads == heads:
                self._count_raw(len(data))
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except (httptools.HttpParserError, Refused):
            if not self._refused:
                self._refuse(HTTPStatus.BAD_REQUEST, reason="bad_request")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun, self._answering = True, False
        self._expect_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._head += len(name) + len(value)
        if self._head > HEAD_BYTES or len(self.headers) > HEADERS:
            self._stop(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason="head_size")

    def on_headers_complete(self) -> None:
        self._in_head, self._heads = False, self._heads + 1
        if self._head + len(self.url) > HEAD_BYTES:
            self._stop(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason="head_size")
        if len(self.pipeline) >= PIPELINED:
            self._stop(HTTPStatus.BAD_REQUEST, reason="pipelined")
        if _declared_length(self.headers) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            self._stop(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason="body_size")
        cast(dict[str, Any], self.scope)["extensions"] = {EXTENSION: self.front}
        if settings.TRUSTED_PROXIES and not self._held:
            self._owner = scope_address(self.scope)
        self._body, self._body_complete = 0, False
        self._until = self.loop.time() + settings.BODY_TIMEOUT
        super().on_headers_complete()
        self._answering = not self.pipeline

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        if self._body > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            self._stop(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason="body_size")
        if self._body > SMALL_BODY and not self.cycle.response_complete:
            self._hold(len(body) if self._body - len(body) > SMALL_BODY else self._body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._body_complete, self._until = True, NEVER
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._release()
        self.front.touch(self)
        super().on_response_complete()
        self._answering = not self.pipeline and not self._in_head
        if self.cycle.response_complete and self._body_complete and not self._in_head:
            # The next head is awaited. uvicorn's timer ends with any byte that comes; this one with a request only.
            self._until = self.loop.time() + self.timeout_keep_alive + settings.HEAD_TIMEOUT

    # --- Upgrades -----------------------------------------------------------------------------------

    def _upgrade(self) -> None:
        if self._should_upgrade():
            self.handle_websocket_upgrade()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over; the socket's protocol counts it from here on."""
        self.front.leave(self)
        super().handle_websocket_upgrade()

    # --- Refusals -----------------------------------------------------------------------------------

    def _stop(self, status: HTTPStatus, *, reason: str) -> None:
        """Refuse from within a callback of the parser. Raises Refused."""
        self._refuse(status, reason=reason)
        raise Refused

    def _refuse(self, status: HTTPStatus, *, reason: str) -> None:
        """Answer with the status, read no further, and end the connection when the answer can have been read."""
        REFUSALS.labels(reason).inc()
        self._refused = True
        self._unset_keepalive_if_required()
        may_answer = self._may_answer()
        if self._owes_answer():
            self.cycle.disconnected = True  # the application may be waiting for the body
            self.cycle.message_event.set()
        self.pipeline.clear()
        self._release()
        if not may_answer:
            self.transport.abort()
            return
        self._until = self.loop.time() + LINGER
        self.transport.write(self._answer(status))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()
        self.flow.resume_reading()

    def _may_answer(self) -> bool:
        """Whether the answer to the request that arrives would be the next on the line."""
        if self.transport.is_closing() or self.pipeline:
            return False
        return not self._owes_answer() or (self._answering and not self.cycle.response_started)

    def _owes_answer(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _unfinished(self) -> bool:
        """Whether a part of a request has arrived."""
        return not self._body_complete or (self._in_head and self._begun)

    def _answer(self, status: HTTPStatus) -> bytes:
        path = self.url.partition(b"?")[0].decode("latin-1") if self._begun else ""
        sentence, form = SENTENCES[status], PLAIN
        if is_api_path(path):
            form, sentence = PROBLEM, json.dumps(_problem(status, sentence))
        body = b"" if self._begun and self.parser.get_method() == b"HEAD" else sentence.encode()
        headers = [
            *self.server_state.default_headers,
            (b"content-type", form.encode()),
            (b"content-length", str(len(sentence.encode())).encode()),
            (b"connection", b"close"),
            *self._echoed(),
        ]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append((b"retry-after", str(RETRY_AFTER).encode()))
        lines = [STATUS_LINE[status], *(b"%b: %b\r\n" % header for header in headers), b"\r\n", body]
        return b"".join(lines)

    def _echoed(self) -> list[tuple[bytes, bytes]]:
        """What proves to the client that this answers its request; see config/logs.py."""
        values = [value for name, value in self.headers if name == ECHOED] if self._begun else []
        return [(ECHOED, values[0])] if values and REQUEST_ID.fullmatch(values[0].decode("latin-1")) else []

    def _part(self, size: int) -> None:
        """Take some more from a refused client, so that it comes to reading; then leave the rest to the kernel."""
        self._parting -= size
        if self._parting < 0:
            self.flow.pause_reading()

    # --- Accounts -----------------------------------------------------------------------------------

    def _expect_head(self) -> None:
        self._in_head, self._head, self._raw = True, 0, 0
        self._until = self.loop.time() + settings.HEAD_TIMEOUT

    def _count_raw(self, size: int) -> None:
        """What arrived without completing a head: an endless line, or empty lines before a request."""
        self._raw += size
        if self._raw > HEAD_BYTES:
            self._stop(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason="head_size")

    def _hold(self, size: int) -> None:
        if not self.front.hold(self._owner, size):
            self._stop(HTTPStatus.SERVICE_UNAVAILABLE, reason="bodies")
        self._held += size

    def _release(self) -> None:
        if self._held:
            self.front.release(self._owner, self._held)
            self._held = 0


def _declared_length(headers: list[tuple[bytes, bytes]]) -> int:
    """The parser has seen to it that there is one length at most, and that it is a number."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if len(value) < 20 else 2**63
    return 0


def _problem(status: HTTPStatus, detail: str) -> dict[str, Any]:
    code = CODES.get(status, status.phrase.lower().replace(" ", "_"))
    return {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail, "code": code}
