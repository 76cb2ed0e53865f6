"""For anything that a client sends it gets an error frame or a documented close, and the server works on."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Member
from chat.models import Client
from chat.wire import Close
from tests.chat.realtime.conftest import PATIENCE, Server, serving
from tests.support.search import examples

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENTED = {int(code) for code in Close} | {1002, 1003, 1007, 1009}  # the latter are the WebSocket standard's own

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.uuids().map(str)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
known = ["ack", "heartbeat", "message.send", "conversation.read", "typing", "presence"]
ops = st.sampled_from([*known, "hello", "events", ""])
fields = st.sampled_from(["tag", "ref", "conversation", "text", "thread", "seq", "op"])
commands = st.builds(lambda op, rest: {"op": op} | rest, ops, st.dictionaries(fields, values, max_size=5))
texts = st.one_of(commands.map(json.dumps), values.map(json.dumps), st.text(max_size=200)).map(str.encode)
frames = st.tuples(st.sampled_from([0x1, 0x2, 0x9, 0xA]), texts | st.binary(max_size=125))


@contextmanager
def serving_in_a_thread() -> Iterator[tuple[Server, Callable[[Coroutine[Any, Any, Any]], Any]]]:
    """A server that goes on between examples, and a way to run coroutines beside it."""
    loop, started, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    servers: list[Server] = []

    async def serve() -> None:
        async with serving() as server:
            servers.append(server)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert started.wait(20)
    try:
        yield servers[0], lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(30)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


# The server runs in another thread and has jitter of its own; Hypothesis takes that for the strategies'.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
def test_no_frame_breaks_the_server(
    enter: Callable[[Member], Awaitable[tuple[Client, str]]], alice: Member, caplog: pytest.LogCaptureFixture
) -> None:
    with serving_in_a_thread() as (server, run):
        client, token = run(enter(alice))

        @settings(max_examples=examples(40, long=2000), deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(frames, min_size=1, max_size=8))
        def send(sent: list[tuple[int, bytes]]) -> None:
            assert run(_say(server, client, token, sent)) in {None, *DOCUMENTED}

        send()
        assert run(_say(server, client, token, [])) is None
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert set(errors) <= {"Invalid UTF-8 sequence received from client."}  # uvicorn's word for a close with 1007


async def _say(server: Server, client: Client, token: str, sent: list[tuple[int, bytes]]) -> int | None:
    """The code with which the socket was closed, or None when it still answers after all that."""
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    for opcode, payload in sent:
        talk.wire.send_frame(opcode, payload)
    ref = "00000000-0000-7000-8000-000000000000"
    talk.say(op="message.send", ref=ref, conversation=ref, text="still there?")
    async with asyncio.timeout(PATIENCE):
        answer = asyncio.ensure_future(_answer(talk, ref))
        await asyncio.wait({answer, talk.closed}, return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var]
    answer.cancel()
    code = talk.closed.result()[0] if talk.closed.done() else None
    talk.wire.abort()
    return code


async def _answer(talk: Any, ref: str) -> None:
    while (await talk.hear("error"))["ref"] != ref:
        pass
