"""The short path in and out: for all kinds of frames and all cuts of the stream, every frame arrives, in order."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.realtime.direct import EXTENSION, DirectProtocol
from tests.chat.realtime.conftest import PATIENCE
from tests.support import wire

BINARY, CONTINUATION = 0x2, 0x0
Parts = list[str]


class App:
    """Notes what comes and by which way, and answers every text with itself."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.directly = 0
        self.busy: Callable[[], bool] = lambda: False
        self.greeted: asyncio.Future[DirectProtocol] = asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        direct = scope["extensions"][EXTENSION]
        self.greeted.set_result(direct)

        def take(text: str) -> bool:
            if self.busy():
                return False
            self.directly += 1
            self.heard.append(text)
            assert direct.write_text(text.encode())
            return True

        direct.on_text = take
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text") or f"binary {len(message['bytes'])}"
            self.heard.append(text)
            await send({"type": "websocket.send", "text": text})


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[tuple[str, int]]:
    config = uvicorn.Config(app, ws=DirectProtocol, port=0, lifespan="off", log_config=None, loop="asyncio")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    while not server.started:
        assert not running.done(), running
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()
    finally:
        server.should_exit = True
        await running


def frame(opcode: int, payload: bytes, *, last: bool = True, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", (0x80 if last else 0) | opcode, 0x80 | length)
    elif length < 65536:
        head = struct.pack("!BBH", (0x80 if last else 0) | opcode, 0xFE, length)
    else:
        head = struct.pack("!BBQ", (0x80 if last else 0) | opcode, 0xFF, length)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def frames(parts: Parts) -> bytes:
    """One message in as many frames as it has parts, a ping before each but the first."""
    opcodes = [wire.TEXT, *[CONTINUATION] * (len(parts) - 1)]
    ping = frame(wire.PING, b"there?")
    return ping.join(
        frame(opcode, part.encode(), last=index == len(parts) - 1)
        for index, (opcode, part) in enumerate(zip(opcodes, parts, strict=True))
    )


async def exchange(app: App, address: tuple[str, int], stream: bytes, cuts: list[int], count: int) -> list[str]:
    """Send the stream in pieces; the answers, of which there are to be `count`."""
    answers: list[str] = []
    complete = asyncio.Event()

    def take(text: bytes) -> None:
        answers.append(text.decode())
        if len(answers) == count:
            complete.set()

    socket = await wire.connect(
        address, "/", headers={}, on_text=take, on_close=lambda *_: complete.set(), subprotocol=None
    )
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        socket.transport.write(stream[start:end])
        await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await complete.wait()
    socket.abort()
    return answers


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)
messages = st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(messages, st.data())
def test_everything_arrives_in_order_however_it_is_cut(sent: list[Parts], data: st.DataObject) -> None:
    stream = b"".join(map(frames, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    refusals = iter(data.draw(st.lists(st.booleans(), min_size=len(sent), max_size=len(sent))))

    async def talk() -> None:
        app = App()
        app.busy = lambda: next(refusals, False)
        async with serving(app) as address:
            answers = await exchange(app, address, stream, cuts, len(sent))
        wanted = ["".join(parts) for parts in sent]
        assert app.heard == wanted
        assert answers == wanted

    asyncio.run(talk())


@pytest.mark.parametrize("length", [1, 125, 126, 65535, 65536, 200_000])
async def test_every_length_comes_back(length: int) -> None:
    app, text = App(), "é" + "x" * (length - 1)
    async with serving(app) as address:
        assert await exchange(app, address, frame(wire.TEXT, text.encode()), [], 1) == [text]
    assert app.directly == 1 or length > 1000  # what comes in several pieces is put together by the library


async def test_what_is_no_text_goes_the_long_way() -> None:
    app = App()
    async with serving(app) as address:
        stream = frame(wire.PING, b"") + frame(BINARY, b"12345") + frame(wire.TEXT, b"after it")
        assert await exchange(app, address, stream, [], 2) == ["binary 5", "after it"]
    assert app.directly == 0  # the text waited for its turn behind what was in the queue


@pytest.mark.parametrize("broken", [b"\xc1\x80\x00\x00\x00\x00", b"\x81\x01x", frame(wire.TEXT, b"\xff")])
async def test_a_faulty_frame_ends_the_socket(broken: bytes) -> None:
    """A reserved bit, a frame without a mask, a text that is none: found by the library as ever."""
    app, closed = App(), asyncio.get_running_loop().create_future()
    async with serving(app) as address:
        socket = await wire.connect(
            address,
            "/",
            headers={},
            on_text=lambda _text: None,
            on_close=lambda code, _reason: closed.set_result(code),
            subprotocol=None,
        )
        socket.transport.write(broken)
        async with asyncio.timeout(PATIENCE):
            assert await closed in {1002, 1007}
    assert app.heard == []


async def test_a_reader_who_takes_nothing_is_not_written_to_directly() -> None:
    app = App()
    async with serving(app) as address:
        socket = await wire.connect(
            address, "/", headers={}, on_text=lambda _text: None, on_close=lambda *_: None, subprotocol=None
        )
        socket.transport.pause_reading()
        socket.send_text("go on")
        async with asyncio.timeout(PATIENCE):
            direct = await app.greeted
        accepted = [direct.write_text(b"x" * 60_000) for _ in range(400)]
        assert accepted[0] and not accepted[-1]
        socket.abort()
