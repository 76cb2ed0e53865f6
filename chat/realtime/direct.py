"""uvicorn's WebSocket protocol, with a short path for text frames and with bounds on everything that a client sends.

The short path exists for speed, since nearly all frames are text. Out: a frame is put together here and written to the
transport, without an ASGI message, a frame object of the websockets library or its output queue. In: a whole text frame
is passed to the application where it arrives, without the parser's generators, a queue, a change of task or a pause of
reading. Measured with 500 readers, one message in flight and an ack for eight events: 16 µs of CPU a delivery in this
process instead of 26.

Handshake, control frames, binary frames, fragments and errors go through uvicorn and websockets, which get every such
frame whole and in order. Servers without this class (daphne) work as well: the application finds no `EXTENSION` in its
scope and uses ASGI's `receive` and `send` alone.

Every frame of any opcode counts against an allowance. A socket is a *stranger* (config/server/front.py) until `admit`
is called, and again once a close was sent. A stranger is allowed few frames, few bytes and little time. Once a close
was sent, frames are skipped until the client answers it; a client that does not is cut off after CLOSE_TIMEOUT.
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
SHORT: Final = 126  # a second byte below this is the length; 126 means that two bytes of length follow
MEDIUM: Final = 127  # 127 means that eight bytes follow

# Frames that the socket of a member may send. The bound is above that of commands (chat/realtime/consumer.py), so that
# the consumer is the one that refuses too many commands.
FRAMES_AT_ONCE: Final = 4_000
FRAMES_PER_SECOND: Final = 400
SLOW: Final = 10  # how many frames each frame counts as that is not a whole text: the library takes that much longer
PARTS: Final = 1_024  # frames of one message: the longest in parts of 512 bytes

STRANGER_FRAMES: Final = 100  # a stranger has nothing to send but a few pings of its network layer
STRANGER_BYTES: Final = 4_096  # that it may send before it is admitted, and after it was refused
STRANGER_CLOSE_TIMEOUT: Final = 2.0  # seconds to answer the close frame that refused it
RETRY_AFTER: Final = 5  # seconds; strangers leave sooner than that
LAST_BYTES: Final = 262_144  # that a member's client may still have sent before it receives the close

# uvicorn logs the addresses of handshakes, which may contain secrets. Only its warnings and errors are logged.
_logger: Final = logging.getLogger("uvicorn.sockets")
_logger.setLevel(logging.WARNING)

_head_of_most: Final = struct.Struct(">BBH").pack


class DirectProtocol(WebSocketsSansIOProtocol):
    deadline = NEVER
    address: str | None = None

    _on_text: Callable[[str], bool] | None = None
    _full = False  # whether the transport's buffer is, because of a slow reader
    _fragmented = False  # a message is under way that comes in several frames
    _parts = 0  # frames of it so far
    _foreign = 0  # bytes of the present frame that are still to come and go to the library
    _skipping = False  # these bytes are dropped
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
        """Takes the text of a frame where it arrives. Returns False to receive it later, in its order, by `receive`.

        An application that sets it has admitted the socket.
        """
        return self._on_text

    @on_text.setter
    def on_text(self, take: Callable[[str], bool]) -> None:
        self.admit()
        self._on_text = take

    def admit(self) -> None:
        """The member is known: from now on the bounds for members apply to the socket."""
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
        """Whether it was refused. A handshake that is being checked is not cut to make room for others."""
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
        """Close sockets with text that is not UTF-8 here: uvicorn would log a traceback for an error of the client."""
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
        """Close the socket because of what its client sent, and notify the application."""
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
        """A close was sent: the socket is a stranger again, and has some time to answer."""
        patience = settings.CLOSE_TIMEOUT if self._admitted else STRANGER_CLOSE_TIMEOUT
        self.deadline = self.loop.time() + patience
        self.front.watch(self)

    # --- Out ----------------------------------------------------------------------------------------

    def write_text(self, text: bytes) -> bool:
        """Write one text frame. Returns False for a slow reader or a closing socket, which need `send`."""
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
        """Take the frame or the part of one that begins at `at`. Returns where the next begins."""
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
        """Pass a whole text frame to the application, unless an earlier frame waits."""
        if self._on_text is None or self._fragmented or self.close_sent or not self.queue.empty():
            return False
        try:
            text = apply_mask(data[start:end], data[start - 4 : start]).decode()
        except UnicodeDecodeError:
            return False
        return self._on_text(text)

    def _earn(self) -> bool:
        """Add what was earned since the last call. The clock is read only when the allowance is used up."""
        if not self._admitted:
            return False
        now = self.loop.time()
        earned = (now - self._counted_at) * FRAMES_PER_SECOND
        self._allowance, self._counted_at = min(FRAMES_AT_ONCE, self._allowance + earned), now
        return self._allowance >= 0

    def _stop_reading(self) -> None:
        """Leave further bytes in the kernel, which makes the client wait, until the deadline cuts it off."""
        if not self.transport.is_closing():
            self.transport.pause_reading()


def _raw(headers: Any) -> list[tuple[bytes, bytes]]:
    """Return the headers of the library as a scope has them. Characters outside of Latin-1 are replaced."""
    return [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.raw_items()]


def _is_utf8(parts: list[bytes]) -> bool:
    try:
        b"".join(parts).decode()
    except UnicodeDecodeError:
        return False
    return True


def _measure(data: bytes, at: int) -> tuple[int, int]:
    """Return where the payload of the frame begins, and its length; (0, 0) while the head is not complete."""
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
