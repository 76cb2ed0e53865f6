"""uvicorn's WebSocket protocol with a short way in and out for text frames, by which nearly everything travels.

Unusual, for speed. Out: the frame is put together here and written to the transport, past the ASGI message, the
websockets library's frame object and its output queue. In: a whole text frame is handed to the application where it
arrives, past the parser's generators, a queue, a task switch and pausing the reading for every frame. Measured with
500 readers, one message in flight, an ack for eight events: 16 µs of CPU a delivery instead of 26 in this process.

The rest is as it was: handshake, control frames, binary, fragments, faults and whatever else is unusual goes through
uvicorn and websockets, which see every such frame whole and in order. A server without this (daphne) works too: the
application finds no `EXTENSION` in its scope and uses ASGI's `receive` and `send` alone.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

try:
    from websockets.speedups import apply_mask
except ImportError:  # an interpreter without its C extension
    from websockets.utils import apply_mask

EXTENSION: Final = "parley.direct"  # in the scope's extensions: the protocol itself

TEXT: Final = 0x81  # first byte of an unfragmented text frame
MASKED: Final = 0x80
SHORT: Final = 126  # a second byte below this is the length; this means that two bytes of length follow
MEDIUM: Final = 127  # and this, eight

_head_of_most: Final = struct.Struct(">BBH").pack


class DirectProtocol(WebSocketsSansIOProtocol):
    on_text: Callable[[str], bool] | None = None
    """Takes the text of a frame where it arrives. False: not now, it is to come through `receive`, in its turn."""

    _full = False  # the transport's buffer, of what a slow reader has not taken
    _fragmented = False  # a message is under way that comes in several frames
    _foreign = 0  # bytes of the present frame that are still to come and not for us
    _head = b""  # the beginning of a frame whose length is not known yet

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

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self

    def data_received(self, data: bytes) -> None:
        if not self.handshake_complete or self.close_sent:
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
            super().data_received(data[at:end])
            return end
        start, length = _measure(data, at)
        if not start:
            self._head = data[at:]
            return len(data)
        end = start + length
        if data[at] == TEXT and data[at + 1] & MASKED and end <= len(data) and self._take(data, start, end):
            return end
        self._foreign = end - at
        if data[at] & 0x0F < 3:  # a message or a part of one: more parts follow unless it says that it is the last
            self._fragmented = not data[at] & 0x80
        return at

    def _take(self, data: bytes, start: int, end: int) -> bool:
        """Hand a whole text frame over, unless something is in front of it."""
        if self.on_text is None or self._fragmented or self.close_sent or not self.queue.empty():
            return False
        try:
            text = apply_mask(data[start:end], data[start - 4 : start]).decode()
        except UnicodeDecodeError:
            return False
        return self.on_text(text)


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
