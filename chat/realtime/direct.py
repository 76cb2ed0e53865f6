"""uvicorn's WebSocket protocol with a short way in and out for text frames, by which nearly everything travels, and
with bounds on everything that a client may send.

Unusual, for speed. Out: the frame is put together here and written to the transport, past the ASGI message, the
websockets library's frame object and its output queue. In: a whole text frame is handed to the application where it
arrives, past the parser's generators, a queue, a task switch and pausing the reading for every frame. Measured with
500 readers, one message in flight, an ack for eight events: 16 µs of CPU a delivery instead of 26 in this process.

Handshake, control frames, binary frames, fragments and faults go through uvicorn and websockets, which see every such
frame whole and in order. A server without this (daphne) works too: the application finds no `EXTENSION` in its scope
and uses ASGI's `receive` and `send` alone.

Every frame of any opcode counts against an allowance, whoever reads it in the end. A socket is a *stranger*
(config/server/front.py) until `admit` is called, and again once a close was sent. A stranger has little of everything:
frames, bytes and time. Once a close was sent, frames are skipped unread until the client answers the close; a client
that does not is cut off after CLOSE_TIMEOUT.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, cast

from django.conf import settings
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import OPEN

from accounts.network import scope_address
from chat.delivery import metrics
from chat.wire import Close
from config.server.front import HEAD_BYTES, NEVER, front_of

try:
    from websockets.speedups import apply_mask
except ImportError:  # an interpreter without its C extension
    from websockets.utils import apply_mask

EXTENSION: Final = "parley.direct"  # in the scope's extensions: the protocol itself

TEXT: Final = 0x81  # first byte of an unfragmented text frame
CLOSING: Final = 0x8  # the opcode of a close frame
MASKED: Final = 0x80
SHORT: Final = 126  # a second byte below this is the length; this means that two bytes of length follow
MEDIUM: Final = 127  # and this, eight

# Frames of a member's socket. They are more than the commands that it may send (chat/realtime/consumer.py), so that the
# consumer is the one to refuse too many commands.
FRAMES_AT_ONCE: Final = 4_000
FRAMES_PER_SECOND: Final = 400
SLOW: Final = 10  # frames that any other than a whole text counts as: the library takes so much longer
PARTS: Final = 1_024  # frames of one message: the longest in parts of 512 bytes

STRANGER_FRAMES: Final = 100  # a stranger has nothing to say; a few pings of its network layer are fine
STRANGER_BYTES: Final = 4_096  # that it may send before it is let in, and after it was turned away
STRANGER_CLOSE_TIMEOUT: Final = 2.0  # seconds to answer the close frame that turned it away
RETRY_AFTER: Final = 5  # seconds; strangers come and go faster than that
LAST_BYTES: Final = 262_144  # that a member's client may still have on the way when it is told to go

# uvicorn logs addresses of handshakes, with whatever secrets a client puts there. Its errors are worth knowing.
_logger: Final = logging.getLogger("uvicorn.sockets")
_logger.setLevel(logging.WARNING)

_head_of_most: Final = struct.Struct(">BBH").pack


class DirectProtocol(WebSocketsSansIOProtocol):
    deadline = NEVER
    address: str | None = None

    _on_text: Callable[[str], bool] | None = None
    _full = False  # the transport's buffer, of what a slow reader has not taken
    _fragmented = False  # a message is under way that comes in several frames
    _parts = 0  # frames of it so far
    _foreign = 0  # bytes of the present frame that are still to come and not for us
    _skipping = False  # they are for nobody
    _head = b""  # the beginning of a frame whose length is not known yet
    _admitted = False
    _allowance: float = STRANGER_FRAMES
    _counted_at = 0.0
    _early = 0  # bytes that came before the handshake was answered
    _last: int = STRANGER_BYTES  # bytes that may still come after a close was sent

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.front = front_of(server_state)
        self.logger = self.conn.logger = _logger
        self.conn.max_message_size = STRANGER_BYTES

    # --- Who is there -------------------------------------------------------------------------------

    @property
    def on_text(self) -> Callable[[str], bool] | None:
        """Takes the text of a frame where it arrives. False: not now, it is to come through `receive`, in its turn.

        An application that sets it has let the socket in.
        """
        return self._on_text

    @on_text.setter
    def on_text(self, take: Callable[[str], bool]) -> None:
        self.admit()
        self._on_text = take

    def admit(self) -> None:
        """The member is known: from now on the socket may send what a member's may."""
        if self._admitted:
            return
        self._admitted = True
        self._allowance, self._counted_at, self._last = FRAMES_AT_ONCE, self.loop.time(), LAST_BYTES
        self.conn.max_message_size = self.config.ws_max_size
        if not self.close_sent:
            self.deadline = NEVER
            self.front.leave(self)

    def let_in(self, client_id: int) -> None:
        """The handshake led to this client of a member."""
        self.front.let_in(self.address, client_id)

    @property
    def idle(self) -> bool:
        """Whether it was turned away: a handshake that is being looked at is not to be cut for others."""
        return self.close_sent

    def cut(self, reason: str) -> None:
        """End the connection without another byte."""
        self.front.leave(self)
        self.transport.abort()

    # --- From handshake to close --------------------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        self.front.leave(self)
        super().connection_lost(exc)

    def handle_connect(self, event: Any) -> None:
        self.address = scope_address({"client": self.client, "headers": _raw(event.headers)})
        if not self.front.may_shake_hands(self.address):
            self._reject(HTTPStatus.TOO_MANY_REQUESTS, self.front.handshakes.wait(self.address))
            return
        self.deadline = self.loop.time() + settings.HANDSHAKE_TIMEOUT
        if not self.front.enter(self):
            self._reject(HTTPStatus.SERVICE_UNAVAILABLE, RETRY_AFTER)
            return
        super().handle_connect(event)
        if hasattr(self, "scope"):
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self
        else:
            self._part()  # the handshake is none

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.close" and self.close_sent:
            code = message.get("code")
            if code == Close.TOO_MANY or (not self._admitted and code != Close.RESTARTING):
                self.front.turned_away(self.address)  # coming back at once would cost as much again
            self._part()

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        self._part()

    def send_receive_event_to_app(self) -> None:
        """uvicorn logs a traceback for text that is not UTF-8; it is the client's fault, and the code says it all."""
        if self.curr_msg_data_type == "text" and not _is_utf8(self.frames):
            self.frames = []
            self._end(Close.BAD_TEXT)
            return
        super().send_receive_event_to_app()

    def _reject(self, status: HTTPStatus, retry_after: int) -> None:
        response = self.conn.reject(status, "Too many sockets are being opened. Try again.\n")
        response.headers["Retry-After"] = str(retry_after)
        self.handshake_complete = self.close_sent = True
        self.conn.send_response(response)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
        self._part()

    def _end(self, code: int) -> None:
        """Close the socket for what its client sends; the application is told that it ended."""
        if self.close_sent or self.transport.is_closing():
            return
        metrics.CLOSES.labels(str(int(code))).inc()
        if self.conn.state is OPEN:
            self.conn.send_close(code)
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.close_sent = True
        self._part()

    def _part(self) -> None:
        """A close was sent: a stranger again, for as long as its answer may take."""
        patience = settings.CLOSE_TIMEOUT if self._admitted else STRANGER_CLOSE_TIMEOUT
        self.deadline = self.loop.time() + patience
        self.front.watch(self)

    # --- Out ----------------------------------------------------------------------------------------

    def write_text(self, text: bytes) -> bool:
        """Write one text frame. False when `send` must be asked: a slow reader, a closing socket."""
        if self._full or self.close_sent or self.disconnected or self.transport.is_closing():
            return False
        length = len(text)
        if length < SHORT:
            head = bytes((TEXT, length))
        elif length < 0x10000:
            head = _head_of_most(TEXT, SHORT, length)
        else:
            head = bytes((TEXT, MEDIUM)) + length.to_bytes(8, "big")
        self.transport.write(head + text)
        return True

    def pause_writing(self) -> None:
        self._full = True
        super().pause_writing()

    def resume_writing(self) -> None:
        self._full = False
        super().resume_writing()

    # --- In -----------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self.close_sent:
            self._last -= len(data)
            if self._last < 0:
                self._stop_reading()
                return
        elif not self.handshake_complete:
            self._early += len(data)
            if self._early > HEAD_BYTES + STRANGER_BYTES:
                self.cut("early")
            else:
                super().data_received(data)
            return
        at = 0
        if self._head:
            data, self._head = self._head + data, b""
        while at < len(data):
            at = self._next_frame(data, at)

    def _next_frame(self, data: bytes, at: int) -> int:
        """Take what begins at `at`; where the next frame begins."""
        if self._foreign:
            end = min(len(data), at + self._foreign)
            self._foreign -= end - at
            if not self._skipping:
                super().data_received(data[at:end])
            return end
        start, length = _measure(data, at)
        if not start:
            self._head = data[at:]
            return len(data)
        self._allowance -= 1 if data[at] == TEXT else SLOW
        if self._allowance < 0 and not self._earn():
            self.front.turned_away(self.address)
            self._end(Close.TOO_MANY)
            self._stop_reading()
            return len(data)
        end = start + length
        if data[at] == TEXT and data[at + 1] & MASKED and end <= len(data) and self._take(data, start, end):
            return end
        self._foreign, self._skipping = end - at, self.close_sent and data[at] & 0x0F != CLOSING
        if data[at] & 0x0F < 3:  # a message or a part of one: more parts follow unless it says that it is the last
            self._fragmented = not data[at] & 0x80
            self._parts = self._parts + 1 if self._fragmented else 0
            if self._parts > PARTS:
                self._end(Close.TOO_BIG)
                self._skipping = True
        return at

    def _take(self, data: bytes, start: int, end: int) -> bool:
        """Hand a whole text frame over, unless something is in front of it."""
        if self._on_text is None or self._fragmented or self.close_sent or not self.queue.empty():
            return False
        try:
            text = apply_mask(data[start:end], data[start - 4 : start]).decode()
        except UnicodeDecodeError:
            return False
        return self._on_text(text)

    def _earn(self) -> bool:
        """Add what has been earned since the last look. The clock is asked only when the allowance is used up."""
        if not self._admitted:
            return False
        now = self.loop.time()
        earned = (now - self._counted_at) * FRAMES_PER_SECOND
        self._allowance, self._counted_at = min(FRAMES_AT_ONCE, self._allowance + earned), now
        return self._allowance >= 0

    def _stop_reading(self) -> None:
        """Leave what still comes to the kernel, which makes the client wait, until the deadline cuts it off."""
        if not self.transport.is_closing():
            self.transport.pause_reading()


def _raw(headers: Any) -> list[tuple[bytes, bytes]]:
    """The headers of the library as in a scope; what is not Latin-1 in them names nobody's address."""
    return [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.raw_items()]


def _is_utf8(parts: list[bytes]) -> bool:
    try:
        b"".join(parts).decode()
    except UnicodeDecodeError:
        return False
    return True


def _measure(data: bytes, at: int) -> tuple[int, int]:
    """Where the payload of the frame begins, and its length; (0, 0) while the frame does not say."""
    if len(data) - at < 2:
        return 0, 0
    length, masked = data[at + 1] & 0x7F, data[at + 1] & MASKED
    start = at + 2
    if length >= SHORT:
        more = 2 if length == SHORT else 8
        length = int.from_bytes(data[start : start + more], "big")
        start += more
    start += 4 if masked else 0
    return (0, 0) if start > len(data) else (start, length)
