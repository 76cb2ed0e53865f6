"""A WebSocket client for load: an asyncio protocol that does no more than these tests need.

No extensions and no fragments, and a mask of zeros, which the standard allows and which costs nothing. It exists
because a load generator must not be the bottleneck; `tests/support/client.py` builds the client of the protocol page
on it.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from typing import cast

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class Refused(Exception):
    """The handshake was answered with another status than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Wire(asyncio.Protocol):
    """`on_text(bytes)` for every text frame, `on_close(code, reason)` once; 1006 when the connection just ended."""

    def __init__(self, on_text: Callable[[bytes], None], on_close: Callable[[int, str], None]) -> None:
        self.on_text, self.on_close = on_text, on_close
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self._buffer = bytearray()
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open and not self._read_handshake():
            return
        self._read_frames()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed during the handshake"))
            self.opened.exception()  # the test that waited may have given up
        self._ended(1006, "")

    def send_text(self, text: str) -> None:
        self.send_frame(TEXT, text.encode())

    def send_frame(self, opcode: int, payload: bytes) -> None:
        if self.closed or self.transport.is_closing():
            return
        length = len(payload)
        if length < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
        elif length < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 0xFE, length)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0xFF, length)
        self.transport.write(head + b"\0\0\0\0" + payload)

    def abort(self) -> None:
        """As a network that is gone: no close frame."""
        self.closed = True
        self.transport.abort()

    def _read_handshake(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        status = int(self._buffer[9:12])
        del self._buffer[: end + 4]
        if status != 101:
            self.opened.set_exception(Refused(status))
            self.transport.abort()
            return False
        self._open = True
        self.opened.set_result(None)
        return True

    def _read_frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            length, start = buffer[at + 1] & 0x7F, at + 2
            if length == 126:
                if len(buffer) < at + 4:
                    break
                (length,), start = struct.unpack_from("!H", buffer, at + 2), at + 4
            elif length == 127:
                if len(buffer) < at + 10:
                    break
                (length,), start = struct.unpack_from("!Q", buffer, at + 2), at + 10
            if len(buffer) < start + length:
                break
            payload = bytes(buffer[start : start + length])
            opcode, at = buffer[at] & 0x0F, start + length
            self._take(opcode, payload)
        del buffer[:at]

    def _take(self, opcode: int, payload: bytes) -> None:
        if self.closed:
            return
        if opcode == TEXT:
            self.on_text(payload)
        elif opcode == PING:
            self.send_frame(PONG, payload)
        elif opcode == CLOSE:
            code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
            self.send_frame(CLOSE, payload[:2])
            self._ended(code, payload[2:].decode(errors="replace"))
            self.transport.close()

    def _ended(self, code: int, reason: str) -> None:
        if not self.closed:
            self.closed = True
            self.on_close(code, reason)


async def connect(
    address: tuple[str, int],
    path: str,
    *,
    headers: dict[str, str],
    on_text: Callable[[bytes], None],
    on_close: Callable[[int, str], None],
    subprotocol: str | None = "parley.v1",
) -> Wire:
    """Raises Refused and OSError."""
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(lambda: Wire(on_text, on_close), *address)
    lines = [f"GET {path} HTTP/1.1", f"Host: {address[0]}:{address[1]}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"]
    lines += [f"Sec-WebSocket-Protocol: {subprotocol}"] if subprotocol else []
    lines += [f"{name}: {value}" for name, value in headers.items()]
    wire.transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    try:
        await wire.opened
    except BaseException:
        wire.abort()
        raise
    return wire
