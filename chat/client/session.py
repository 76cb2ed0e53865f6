"""A client over time: its registration, its sockets one after the other, its syncs, its acks.

    session = Session(Api("https://chat.example", "acme", token))
    async with session:
        await session.ready()
        session.outbox.add(conversation, "hello")

With or without a socket the store follows: where none can be had (a proxy, a server that restarts) it is polled.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from chat.client.answers import REFUSALS, Unproven, prove_sent, read_frame
from chat.client.api import Api, ApiError, Unreachable
from chat.client.entities import Entity
from chat.client.mailbox import Mailbox, State
from chat.client.outbox import Entry, Outbox, full_jitter
from chat.client.store import Store

SUBPROTOCOL: Final = Subprotocol("parley.v1")
ACK_DELAY: Final = 1.0  # seconds; acks are cumulative, and one for many events is much cheaper for the server
ACK_EVENTS: Final = 32  # applied and not acked: then at once
POLL: Final = (5.0, 30.0)  # seconds between two syncs without a socket, at random
ANSWER: Final = 10.0  # seconds for the answer to a command, then it is sent again another way
OPEN: Final = 10.0  # seconds for a handshake
GOODBYE: Final = 20.0  # seconds to close the socket; its library waits for half of that
SILENCE: Final = 2.5  # heartbeats without any frame: the connection is dead, though nobody has said so
FRAME_BYTES: Final = 4 * 2**20  # a frame holds 48 KB of events, or one event of any length

UNKNOWN_CLIENT, REPLACED, RESTARTING = 4404, 4409, 1012
FINAL_CODES: Final = frozenset({4401, 4403})
ENDINGS: Final = frozenset({401, 403, 404})  # refusals of a sync or a registration: the token or the membership ended


class SignedOut(Exception):
    """The token ended, or the membership."""


class Session:
    def __init__(
        self, api: Api, *, store: Store | None = None, label: str = "", chance: random.Random | None = None
    ) -> None:
        self.api = api
        self.store = store or Store()
        self.mailbox = Mailbox(self.store)
        self.chance = chance or random.Random()  # noqa: S311  # jitter, no secret
        self.outbox = Outbox(self._send, chance=self.chance)
        self.client = ""
        self._label = label
        self._socket: ClientConnection | None = None
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._lost, self._live, self._applied = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._window = ACK_EVENTS
        self._retry: float | None = None  # seconds over which the server asked us to spread our return
        self._failures = 0
        self._etag = ""  # of the last answer to a sync
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.run())
        return self

    async def __aexit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def connected(self) -> bool:
        return self._socket is not None

    async def ready(self) -> None:
        """Until the store is what the server says. Raises what ended the session, if something did."""
        waiting = asyncio.ensure_future(self._live.wait())
        over = {waiting} if self._task is None else {waiting, self._task}
        await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done() and self._task is not None:
            waiting.cancel()
            self._task.result()

    async def run(self) -> None:
        """Until cancelled. Raises SignedOut."""
        jobs = [asyncio.create_task(job()) for job in (self._hold_socket, self._synchronize, self._acknowledge)]
        try:
            self.outbox.start()
            await asyncio.gather(*jobs)
        finally:
            await _end(jobs)
            await self.outbox.stop()

    # --- The socket ---------------------------------------------------------------------------------

    async def _hold_socket(self) -> None:
        while True:
            with suppress(OSError, TimeoutError, WebSocketException, Unreachable, Unproven):
                await self._register_once()
                await self._connect_once()
            await asyncio.sleep(self._pause())

    async def _register_once(self) -> None:
        if self.client:
            return
        try:
            registered = await self.api.register(label=self._label)
        except ApiError as error:
            raise _ending(error) from error
        self.client = registered["id"]
        self.mailbox.register(registered["tag"])
        self._look()

    async def _connect_once(self) -> None:
        """One socket from handshake to close."""
        try:
            async with connect(
                self.api.socket_url(self.client, self.mailbox.tag),
                subprotocols=[SUBPROTOCOL],
                additional_headers=self.api.headers,
                compression=None,  # small frames, and a server that shares one body among many
                open_timeout=OPEN,
                ping_interval=None,  # the protocol has its own heartbeat
                max_size=FRAME_BYTES,
                proxy=None,
            ) as socket:
                await self._converse(socket)
        except ConnectionClosed as closed:
            if closed.rcvd is not None:
                self._learn(closed.rcvd.code, closed.rcvd.reason)
        finally:
            self._hang_up()

    async def _converse(self, socket: ClientConnection) -> None:
        async with asyncio.timeout(OPEN):
            hello = read_frame(await socket.recv())
        if hello["op"] != "hello":
            raise Unproven("the first frame is no hello")
        self._socket = socket
        self._failures, self._retry = 0, None
        self._window = hello["window"]
        self._take(hello)
        self.outbox.poke()
        beating = asyncio.create_task(_beat(socket, hello["heartbeat"]))
        try:
            while True:
                async with asyncio.timeout(SILENCE * hello["heartbeat"]):
                    text = await socket.recv()
                self._take(read_frame(text))  # what is no frame ends the socket: the next one brings it again
        finally:
            beating.cancel()

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["op"] in {"result", "error"}:  # one that nobody waits for, or that comes twice, changes nothing
            waiting = self._answers.get(frame["ref"] or "")
            if waiting is not None and not waiting.done():
                waiting.set_result(frame)
            return
        self.mailbox.receive(frame)
        self._look()

    def _look(self) -> None:
        """What the mailbox wants now."""
        if self.mailbox.state is State.LIVE:
            self._live.set()
        else:
            self._live.clear()
            self._lost.set()
        if self.mailbox.ack is not None:
            self._applied.set()

    def _learn(self, code: int, reason: str) -> None:
        if code in FINAL_CODES:
            raise SignedOut(code)
        if code in {UNKNOWN_CLIENT, REPLACED}:  # forgotten, or somebody goes on with a copy of us: be a new one
            self.client = ""
        wait = re.fullmatch(r"retry=(\d+)", reason)
        if code == RESTARTING and wait:
            self._retry = int(wait[1]) / 1000

    def _hang_up(self) -> None:
        self._socket = None
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(Unreachable("the socket closed"))

    def _pause(self) -> float:
        if self._retry is not None:
            spread, self._retry = self._retry, None
            return self.chance.uniform(0, spread)
        self._failures += 1
        return full_jitter(self.chance, self._failures - 1)

    # --- Acks and syncs -----------------------------------------------------------------------------

    async def _acknowledge(self) -> None:
        """One ack for what was applied within ACK_DELAY, or for ACK_EVENTS, whichever comes first."""
        while True:
            await self._applied.wait()
            enough = min(ACK_EVENTS, max(1, self._window // 2))
            with suppress(TimeoutError):
                async with asyncio.timeout(ACK_DELAY):
                    while self.mailbox.unacked < enough:
                        self._applied.clear()
                        await self._applied.wait()
            self._applied.clear()
            await self._ack()

    async def _ack(self) -> None:
        tag, socket = self.mailbox.ack, self._socket
        if tag is not None and socket is not None:
            with suppress(ConnectionClosed):
                await socket.send(json.dumps({"op": "ack", "tag": tag}))
                self.mailbox.acked(tag)

    async def _synchronize(self) -> None:
        failures = 0
        while True:
            if await self._is_time():
                try:
                    await self._sync()
                    failures = 0
                except (ApiError, Unreachable) as error:
                    if isinstance(error, ApiError) and error.status in ENDINGS:
                        raise SignedOut(str(error)) from error
                    if isinstance(error, ApiError) and error.status == httpx.codes.UNPROCESSABLE_ENTITY:
                        self.mailbox.cursor = ""  # not one of this server's: begin from nothing
                    await asyncio.sleep(full_jitter(self.chance, failures))
                    failures += 1

    async def _is_time(self) -> bool:
        """Because something was lost, or because nothing is heard."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.chance.uniform(*POLL)):
                await self._lost.wait()
        return self.mailbox.state is State.RESYNCING or not self.connected

    async def _sync(self) -> None:
        # An answer that is the last one again says nothing new, unless something was lost since.
        etag = self._etag if self.mailbox.state is State.LIVE else ""
        sync = self.mailbox.begin_sync()
        more = True
        while more:
            answer, given = await self.api.sync(sync.cursor, etag=etag)
            if answer is not None and self.store.me not in {"", answer["me"]["id"]}:
                raise Unreachable("a sync of another member")
            etag, self._etag = "", given or self._etag
            if answer is None:
                self.mailbox.finish(sync)
            more = answer is not None and self.mailbox.take_answer(sync, answer)
        if self.mailbox.state is State.LIVE:
            self._lost.clear()
        self._look()

    # --- Sending ------------------------------------------------------------------------------------

    async def _send(self, entry: Entry) -> Entity:
        """Over the socket if there is one, else over REST. The ref makes it one message, however often it is tried."""
        if (socket := self._socket) is not None:
            with suppress(Unproven):
                return await self._send_by_socket(socket, entry)
        return await self.api.send(
            entry.conversation, text=entry.text, ref=entry.ref, thread=entry.thread, read=entry.read
        )

    async def _send_by_socket(self, socket: ClientConnection, entry: Entry) -> Entity:
        """The message. Raises Unproven when what came is no answer to it, or a refusal with an unknown code: REST says
        more then."""
        frame: dict[str, Any] = {
            "op": "message.send",
            "ref": entry.ref,
            "conversation": entry.conversation,
            "text": entry.text,
        }
        frame |= {"thread": entry.thread} if entry.thread else {}
        frame |= {} if entry.read is None else {"read": entry.read}
        answer = await self._ask(socket, frame)
        if answer["op"] == "result":
            return prove_sent(frame, answer)
        if answer.get("code") not in REFUSALS:
            raise Unproven(f"an unknown code: {answer.get('code')}")
        raise ApiError(REFUSALS[answer["code"]], answer, answer.get("retry_after"))

    async def _ask(self, socket: ClientConnection, frame: dict[str, Any]) -> dict[str, Any]:
        ref = str(frame["ref"])
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[ref] = waiting
        try:
            async with asyncio.timeout(ANSWER):
                await socket.send(json.dumps(frame))
                return await waiting
        except (ConnectionClosed, TimeoutError) as error:
            raise Unreachable(repr(error)) from error
        finally:
            del self._answers[ref]


async def _end(jobs: Sequence[asyncio.Task[None]]) -> None:
    """Cancel them and wait for their goodbyes to the server. Cancel again those that a library kept from ending."""
    for job in jobs:
        if not job.cancelling():  # a second time would end its goodbye, and leave the socket open
            job.cancel()
    while (await asyncio.wait(jobs, timeout=GOODBYE))[1]:
        for job in jobs:
            job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)


async def _beat(socket: ClientConnection, seconds: float) -> None:
    with suppress(ConnectionClosed):
        while True:
            await asyncio.sleep(seconds)
            await socket.send('{"op":"heartbeat"}')


def _ending(error: ApiError) -> Exception:
    """What ends the session ends it; any other refusal is like silence, and tried again."""
    return SignedOut(str(error)) if error.status in ENDINGS else Unreachable(str(error))
