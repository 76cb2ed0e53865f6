"""A socket as the node sees it: whose it is, how far it got, and a way to write that never waits for a slow reader."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final
from uuid import UUID

import structlog

from chat.delivery import metrics

Send = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]

log = structlog.get_logger(__name__)


class Connection:
    """One open socket of one client.

    `sent` and `acked` are tags: what was written last and what the client has applied. What lies between is in flight
    and at most `window` long. `behind` notes that there is more than the window, or the reader, would take.
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
        self.away = False  # nobody has touched it for a while
        self.joined = self.woken = self.behind = self.blocked = self.closed = False
        self.on_room: Callable[[Connection], None] = _nobody
        self.task: asyncio.Task[Any] | None = None
        self.heard_at = self.progress_at = asyncio.get_running_loop().time()

    @property
    def room(self) -> int:
        """How many more events may be put in flight."""
        return self.window - (self.sent - self.acked)

    def write(self, text: str) -> bool:
        """Put a frame on the wire, or at worst behind one that waits there. False when the reader is slow: stop for
        now.
        """
        return self._write(text.encode())

    def write_events(self, count: int, body: bytes) -> bool:
        """`body`: `count` events, from tag `sent` + 1 on, as the dispatcher encoded them once for everybody."""
        if self.sent == self.acked:
            self.progress_at = asyncio.get_running_loop().time()
        first = self.sent + 1
        self.sent += count
        return self._write(b'{"op":"events","tag":%d,%b' % (first, body))

    def write_signal(self, body: str) -> None:
        """Signals are the first to be shed: a slow reader gets none."""
        if self.blocked or not self.joined:
            metrics.SIGNALS.labels("shed").inc()
        else:
            metrics.SIGNALS.labels("sent").inc()
            self.write(f'{{"op":"signal","tag":{self.sent},"signal":{body}}}')

    def close(self, code: int, reason: str = "") -> None:
        """End the socket. A reader that takes nothing any more is cut off instead of being told."""
        if self.closed:
            return
        metrics.CLOSES.labels(str(code)).inc()
        if not self.blocked:
            self._push({"type": "websocket.close", "code": code, "reason": reason})
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
        """Run the server's `send` as far as it goes. It ends at once unless the write buffer is full, so there is
        neither a task nor a turn of the loop for a frame; only a full buffer costs a task that waits for it to
        drain.
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


def _nobody(_connection: Connection) -> None:
    """Before a connection is let in there is nobody to tell that it has room."""


_finishing: Final[set[asyncio.Future[None]]] = set()  # the loop holds its tasks only weakly


@types.coroutine
def _resume(sending: Coroutine[Any, Any, None], waiting_for: Any) -> Generator[Any, Any, None]:
    """Await a coroutine that somebody else has already started, and that waits for `waiting_for`."""
    step: Callable[[Any], Any]
    while True:
        try:
            value = yield waiting_for
        except BaseException as error:  # noqa: BLE001  # cancellation too is for the coroutine to see
            step, value = sending.throw, error
        else:
            step = sending.send
        try:
            waiting_for = step(value)
        except StopIteration:
            return
