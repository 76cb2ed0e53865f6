"""A socket as the node uses it: its client, its progress, and a way to write that never waits for a slow reader."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import structlog

from chat.delivery import metrics
from chat.wire import EVENTS_FRAME, SIGNAL_FRAME, ServerFrame, encode

Send = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]

log = structlog.get_logger(__name__)


class Connection:
    """One open socket of one client.

    `sent` and `acked` are tags: of the event that was written last, and of the last that the client has applied. Events
    between them are in flight, at most `window` of them. `behind`: there are more events than the window or the reader
    would accept.
    """

    __slots__ = (
        "acked",
        "away",
        "behind",
        "blocked",
        "client_id",
        "closed",
        "credential",
        "direct",
        "heard_at",
        "joined",
        "member_id",
        "on_room",
        "organization_id",
        "progress_at",
        "public_id",
        "send",
        "sent",
        "session_key",
        "task",
        "token_id",
        "window",
        "woken",
    )

    def __init__(
        self, *, client_id: int, public_id: UUID, organization_id: UUID, member_id: UUID, send: Send, window: int
    ) -> None:
        self.client_id, self.public_id = client_id, public_id
        self.organization_id, self.member_id = organization_id, member_id
        self.credential = ""
        self.session_key: str | None = None
        self.token_id: UUID | None = None
        self.send, self.window = send, window
        self.direct: Callable[[bytes], bool] | None = None  # write_text of chat/realtime/direct.py
        self.sent = self.acked = 0
        self.away = False  # the member has not touched the client for some minutes
        self.joined = self.woken = self.behind = self.blocked = self.closed = False
        self.on_room: Callable[[Connection], None] = _ignore
        self.task: asyncio.Task[Any] | None = None
        self.heard_at = self.progress_at = asyncio.get_running_loop().time()

    @property
    def room(self) -> int:
        """Return how many more events may be in flight."""
        return self.window - (self.sent - self.acked)

    def write(self, frame: ServerFrame) -> bool:
        """Write a frame. Returns False when the reader is slow: write no more until `on_room` is called."""
        return self._write(encode(frame))

    def write_events(self, count: int, body: bytes) -> bool:
        """Write `count` events from tag `sent` + 1 on. `body` is encoded once for all clients (EVENTS_BODY)."""
        if self.sent == self.acked:
            self.progress_at = asyncio.get_running_loop().time()
        first = self.sent + 1
        self.sent += count
        return self._write(EVENTS_FRAME % (first, body))

    def write_signal(self, body: bytes) -> None:
        """Write an encoded signal, unless the reader is slow: signals are the first to be dropped."""
        if self.blocked or not self.joined:
            metrics.SIGNALS.labels("shed").inc()
        else:
            metrics.SIGNALS.labels("sent").inc()
            self._write(SIGNAL_FRAME % (self.sent, body))

    def close(self, code: int, reason: str = "") -> None:
        """Close the socket. A reader that accepts nothing any more is cut off without a close frame."""
        if self.closed:
            return
        metrics.CLOSES.labels(str(int(code))).inc()
        if not self.blocked:
            self._push({"type": "websocket.close", "code": int(code), "reason": reason})
        elif self.task is not None:
            self.task.cancel()
        self.closed = True

    def _write(self, text: bytes) -> bool:
        if self.closed:
            return False
        if self.blocked or self.direct is None or not self.direct(text):
            self._push({"type": "websocket.send", "text": text.decode()})
        return not self.blocked

    def _push(self, message: dict[str, Any]) -> None:
        """Run the server's `send` until it ends or waits. It ends at once unless the write buffer is full, so a frame
        costs neither a task nor a turn of the loop. For a full buffer, a task waits until it has drained.
        """
        sending = self.send(message)
        try:
            waiting_for = sending.send(None)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001  # each server has its own error for a socket that is gone
            self._lost(error)
            return
        self.blocked = True
        task = asyncio.ensure_future(self._finish(sending, waiting_for))
        _finishing.add(task)
        task.add_done_callback(_finishing.discard)

    async def _finish(self, sending: Coroutine[Any, Any, None], waiting_for: Any) -> None:
        try:
            await _resume(sending, waiting_for)
        except Exception as error:  # noqa: BLE001  # as above
            self._lost(error)
        finally:
            self.blocked = False
        if self.behind and not self.closed:
            self.on_room(self)

    def _lost(self, error: Exception) -> None:
        self.closed = True
        log.debug("socket_lost", reason=repr(error))


def local(connections: Mapping[int, Connection], client_ids: Iterable[int]) -> list[Connection]:
    """Return the connections of those clients that are connected to this node."""
    found = (connections.get(client_id) for client_id in client_ids)
    return [connection for connection in found if connection is not None]


def _ignore(_connection: Connection) -> None:
    """Until a connection is admitted, no dispatcher waits for its room."""


_finishing: Final[set[asyncio.Future[None]]] = set()  # the loop holds its tasks only weakly


@types.coroutine
def _resume(sending: Coroutine[Any, Any, None], waiting_for: Any) -> Generator[Any, Any, None]:
    """Await a coroutine that has been started already and waits for `waiting_for`."""
    step: Callable[[Any], Any]
    while True:
        try:
            value = yield waiting_for
        except BaseException as error:  # noqa: BLE001  # the coroutine handles cancellation itself
            step, value = sending.throw, error
        else:
            step = sending.send
        try:
            waiting_for = step(value)
        except StopIteration:
            return
