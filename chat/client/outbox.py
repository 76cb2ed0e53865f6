"""What was written and not yet answered: in order within each conversation, repeated until the server has spoken.

The `ref` makes repeating harmless, so a message is sent again after any doubt. A refusal sets it aside as failed, to be
retried or discarded by its author, and does not hold up what comes after it.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from chat.client.api import ApiError, Unreachable
from chat.client.entities import Entity

MOST: Final = 1000  # entries; a script that writes on while nothing gets out should hear of it
UNAUTHORIZED, CONFLICT = 401, 409
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds


class OutboxFull(Exception):
    pass


class OutboxStopped(Exception):
    """Entries wait, and nothing sends them: the session has ended, or sending failed in a way that nobody expects."""


@dataclass(slots=True)
class Entry:
    conversation: str
    text: str
    thread: str | None = None
    ref: str = field(default_factory=lambda: str(uuid.uuid4()))
    order: int = 0  # counts up with every entry: clocks jump, so no time says what was written first
    read: int | None = None  # the seq up to which the main line was shown where it was written
    state: Literal["sending", "sent", "failed"] = "sending"
    message: Entity | None = None  # once it is sent
    error: ApiError | None = None  # why it failed


class Outbox:
    """`entries` are what another process left behind; a program that wants to keep them saves `Outbox.entries`."""

    def __init__(
        self, send: Callable[[Entry], Awaitable[Entity]], *, entries: Iterable[Entry] = (), chance: random.Random
    ) -> None:
        # In the order in which they were written, however they were kept meanwhile.
        self.entries = {entry.ref: entry for entry in sorted(entries, key=lambda entry: entry.order)}
        self._order = itertools.count(1 + max((entry.order for entry in self.entries.values()), default=0))
        self._send = send
        self._chance = chance
        self._workers: dict[str, asyncio.Task[None]] = {}  # by conversation
        self._awake = asyncio.Event()
        self._settled = asyncio.Event()

    def add(self, conversation: str, text: str, *, thread: str | None = None, read: int | None = None) -> Entry:
        """Raises OutboxFull. `read` is what had been shown when it was written, however much later it is sent."""
        if len(self.entries) >= MOST:
            raise OutboxFull
        entry = Entry(conversation, text, thread, order=next(self._order), read=read)
        self.entries[entry.ref] = entry
        self.start()
        return entry

    def retry(self, ref: str) -> None:
        """A failed one, at the end of its conversation."""
        entry = self.entries.pop(ref)
        entry.state, entry.error, entry.order = "sending", None, next(self._order)
        self.entries[ref] = entry
        self.start()

    def discard(self, ref: str) -> None:
        self.entries.pop(ref, None)

    def start(self) -> None:
        """See to it that somebody sends for every conversation that has something to send."""
        for conversation in {entry.conversation for entry in self.entries.values() if entry.state == "sending"}:
            worker = self._workers.get(conversation)
            if worker is None or worker.done():
                self._workers[conversation] = asyncio.create_task(self._work(conversation))
                self._workers[conversation].add_done_callback(lambda _: self._settled.set())

    def poke(self) -> None:
        """The network is back: try at once."""
        self._awake.set()

    async def drain(self) -> None:
        """Until every entry is sent or failed. Raises OutboxStopped where that will not happen."""
        while waiting := {entry.conversation for entry in self.entries.values() if entry.state == "sending"}:
            self._settled.clear()
            self._require_workers(waiting)
            await self._settled.wait()

    async def stop(self) -> None:
        for worker in self._workers.values():
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)

    def _require_workers(self, conversations: Iterable[str]) -> None:
        for conversation in conversations:
            worker = self._workers.get(conversation)
            if worker is None or worker.done():
                failed = worker is not None and not worker.cancelled()
                raise OutboxStopped from (worker.exception() if worker is not None and failed else None)

    async def _work(self, conversation: str) -> None:
        failures = 0
        while (entry := self._next(conversation)) is not None:
            pause = await self._attempt(entry, failures)
            failures = 0 if pause is None else failures + 1
            if pause is not None:
                await self._rest(pause)

    def _next(self, conversation: str) -> Entry | None:
        waiting = (e for e in self.entries.values() if e.conversation == conversation and e.state == "sending")
        return next(waiting, None)

    async def _attempt(self, entry: Entry, failures: int) -> float | None:
        """Seconds to wait before the next one; None when it is settled."""
        try:
            entry.message = await self._send(entry)
        except Unreachable:
            return full_jitter(self._chance, failures)
        except ApiError as error:
            if error.passing or error.status == UNAUTHORIZED:  # it goes out under the next token
                return error.retry_after or full_jitter(self._chance, failures)
            self._fail(entry, error)
        else:
            entry.state = "sent"
            self.entries.pop(entry.ref, None)
        self._settled.set()
        return None

    def _fail(self, entry: Entry, error: ApiError) -> None:
        entry.state, entry.error = "failed", error
        if error.status == CONFLICT and entry.ref in self.entries:
            # The ref is that of another message, and always will be: to be sent again the words need a new one.
            del self.entries[entry.ref]
            entry.ref = str(uuid.uuid4())
            self.entries[entry.ref] = entry

    async def _rest(self, pause: float) -> None:
        self._awake.clear()
        try:
            async with asyncio.timeout(pause):
                await self._awake.wait()
        except TimeoutError:
            return


def full_jitter(chance: random.Random, failures: int) -> float:
    """A random pause below a bound that doubles with every failure, so that those who failed together return apart."""
    return chance.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 10)))
