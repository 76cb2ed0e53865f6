"""A client written from the protocol page alone: registers, connects, applies, acks, comes back, resyncs.

It keeps what a person would see: every message by id in its newest version, and a journal of what was shown and when. A
message that comes again in the same version is not shown again.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support import wire

Address = tuple[str, int]


@dataclass
class Account:
    """Somebody who may sign in: a bearer token, the slug of their organization, and the conversations they take part
    in.
    """

    token: str
    slug: str
    conversations: Sequence[str] = ()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class ChatClient:
    """`nodes` may change under it; every connection picks one of them at random."""

    account: Account
    nodes: Sequence[Address]
    random: random.Random
    id: str = ""
    tag: int = 0
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    shown: list[tuple[str, int]] = field(default_factory=list)  # (message, version), in the order in which it happened
    applied: list[int] = field(default_factory=list)  # tags, in the order in which they were applied
    faults: list[str] = field(default_factory=list)  # what the server must never do
    closes: dict[int, int] = field(default_factory=dict)
    resyncs: int = 0
    reading: bool = True  # False: takes nothing from its socket any more
    _wire: wire.Wire | None = None
    _pause: float = 0.0  # seconds that the server asked to wait before coming back
    _turn: int = 0  # of connections; what an older one still has to say is ignored
    _resyncing: list[dict[str, Any]] | None = None
    _answers: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _closed: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    # --- Life ---------------------------------------------------------------------------------------

    async def register(self, http: httpx.AsyncClient) -> None:
        answer = await self._request(http, "POST", "clients", json={"platform": "bot", "label": "chaos"})
        self.id, self.tag = answer["id"], answer["tag"]

    async def run(self, http: httpx.AsyncClient) -> None:
        """Be connected, whatever happens, until cancelled."""
        wait = 0.1
        while True:
            self._closed.clear()
            try:
                await self._connect(http)
                wait = 0.1
                await self._closed.wait()
            except (TimeoutError, OSError, wire.Refused):
                wait = min(2.0, wait * 2)
            await asyncio.sleep(self.random.uniform(0, wait))

    def disconnect(self) -> None:
        """Lose the network."""
        if self._wire is not None:
            self._wire.abort()
        self._closed.set()

    @property
    def connected(self) -> bool:
        return self._wire is not None and not self._wire.closed

    async def send(self, conversation: str, text: str, ref: str) -> dict[str, Any]:
        """Send until it is answered: the ref makes repeating harmless. The answer frame."""
        while True:
            if self.connected:
                assert self._wire is not None
                waiting = self._answers[ref] = asyncio.get_running_loop().create_future()
                frame = {"op": "message.send", "ref": ref, "conversation": conversation, "text": text}
                self._wire.send_text(json.dumps(frame))
                with suppress(TimeoutError):
                    answer: dict[str, Any] = await asyncio.wait_for(waiting, 3.0)
                    if answer.get("code") not in {"unavailable", "throttled"}:
                        return answer
            await asyncio.sleep(self.random.uniform(0.05, 0.3))

    # --- Frames -------------------------------------------------------------------------------------

    async def _connect(self, http: httpx.AsyncClient) -> None:
        if not self.id:
            await self.register(http)
        self._http = http
        for task in self._tasks:  # a resync of the connection before: the next hello asks for it again
            task.cancel()
        self._resyncing = None
        self.disconnect()
        self._turn += 1
        turn = self._turn
        self._closed.clear()
        path = f"/o/{self.account.slug}/ws/v1/?client={self.id}&tag={self.tag}"
        async with asyncio.timeout(10):
            self._wire = await wire.connect(
                self.random.choice(self.nodes),
                path,
                headers=self.account.headers,
                on_text=lambda text: self._take(text) if turn == self._turn else None,
                on_close=lambda code, reason: self._ended(code, reason) if turn == self._turn else None,
            )

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(1)
            if self._wire is not None:
                self._wire.send_text('{"op":"heartbeat"}')

    def _ended(self, code: int, reason: str) -> None:
        self.closes[code] = self.closes.get(code, 0) + 1
        if reason.startswith("retry="):
            self._pause = self.random.uniform(0, int(reason.removeprefix("retry=")) / 1000)
        if code == 4404:
            self.id, self.tag = "", 0
        self._closed.set()

    def _take(self, text: bytes) -> None:
        frame = json.loads(text)
        op = frame["op"]
        if op in {"result", "error"}:
            self._take_answer(frame)
        elif op == "hello":
            self._take_hello(frame)
        elif op == "resync":
            self._start_resync(frame["tag"])
        elif op == "events":
            self._take_events(frame)
        elif op in {"signal", "heartbeat"} and frame["tag"] > self.tag and self._resyncing is None:
            self.faults.append(f"{op} with tag {frame['tag']} while at {self.tag}: an event was skipped")

    def _take_answer(self, frame: dict[str, Any]) -> None:
        waiting = self._answers.pop(frame["ref"], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(frame)

    def _take_hello(self, frame: dict[str, Any]) -> None:
        if frame["outcome"] == "resync":
            self._start_resync(frame["tag"])
        elif frame["tag"] != self.tag:
            self.faults.append(f"resumed at {frame['tag']}, not at {self.tag}")

    def _take_events(self, frame: dict[str, Any]) -> None:
        if self._resyncing is not None:
            self._resyncing.append(frame)
            return
        first, last = frame["tag"], frame["tag"] + len(frame["events"]) - 1
        if first > self.tag + 1:
            self.faults.append(f"events from tag {first} while at {self.tag}")
            return
        for tag, event in enumerate(frame["events"], first):
            if tag > self.tag:
                self._apply(event)
                self.applied.append(tag)
        self.tag = max(self.tag, last)
        self._ack()

    def _apply(self, event: dict[str, Any]) -> None:
        if event["type"].startswith("message."):
            self._show(event["data"])

    def _show(self, message: dict[str, Any]) -> None:
        known = self.messages.get(message["id"])
        if known is None or known["version"] < message["version"]:
            self.messages[message["id"]] = message
            self.shown.append((message["id"], message["version"]))

    def _ack(self) -> None:
        if self._wire is not None:
            self._wire.send_text(f'{{"op":"ack","tag":{self.tag}}}')

    # --- Resync: until `sync` is there, by reading the history of every conversation over REST ------------------

    def _start_resync(self, tag: int) -> None:
        self.resyncs += 1
        self._resyncing = []
        task = asyncio.get_running_loop().create_task(self._resync(tag))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _resync(self, tag: int) -> None:
        for conversation in self.account.conversations:
            after = 0
            while True:
                query = {"after": after, "limit": 100}
                page = await self._request(self._http, "GET", f"conversations/{conversation}/messages", params=query)
                for message in page["results"]:
                    self._show(message)
                if not page["results"]:
                    break
                after = page["results"][-1]["seq"]
        kept, self._resyncing = self._resyncing or [], None
        self.tag = tag
        self._ack()
        for frame in kept:
            self._take_events(frame)

    async def _request(self, http: httpx.AsyncClient, method: str, path: str, **options: Any) -> Any:
        while True:
            host, port = self.random.choice(self.nodes)
            url = f"http://{host}:{port}/o/{self.account.slug}/api/v1/{path}"
            with suppress(httpx.HTTPError):
                answer = await http.request(method, url, headers=self.account.headers, timeout=10, **options)
                if answer.is_success:
                    return answer.json()
                if answer.status_code not in {429, 500, 502, 503}:
                    self.faults.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
                    raise AssertionError(self.faults[-1])
                if answer.status_code == 500:
                    self.faults.append(f"{method} {path}: 500")
            await asyncio.sleep(self.random.uniform(0.1, 0.5))
