"""A socket from handshake to close: a Channels consumer without Channels' message pump.

`AsyncConsumer.dispatch` costs a thread hop of about 150 µs for every message and a channel for every consumer. This
consumer reads frames where they arrive instead, and the node (chat/delivery/node) writes straight to the ASGI `send`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
from channels.consumer import AsyncConsumer
from django.conf import settings
from django.db import Error as DatabaseError
from psycopg import Error as PsycopgError
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from chat.delivery import metrics
from chat.delivery.node import Node, running_node
from chat.delivery.node.connections import Connection
from chat.errors import Refusal
from chat.realtime import commands, failures
from chat.realtime.direct import EXTENSION
from chat.realtime.handshake import ForeignOrigin, TurnedAway, Visitor, receive_visitor
from chat.wire import SUBPROTOCOL, Close, Failure, Result, client_frames

FRAMES_PER_SECOND: Final = 300  # what a client may send for long; one ack a frame at full speed is less
FRAMES_AT_ONCE: Final = 3000  # and in a burst: a whole outbox after hours offline
BAD_FRAME: Final = 20  # frames that a bad one counts as besides itself: decoding it again takes up to 10 ms
WORK_AT_ONCE: Final = 64  # commands of one socket under way; beyond it the socket is not read
TROUBLE: Final = (DatabaseError, PsycopgError, PoolTimeout, RedisError, OSError)

Message = dict[str, Any]

log = structlog.get_logger(__name__)


class SocketConsumer(AsyncConsumer):  # type: ignore[misc]  # channels is untyped
    """`/o/<slug>/ws/v1/?client=<id>&tag=<T>`."""

    node: Node
    connection: Connection

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        await receive()  # websocket.connect
        try:
            visitor = await receive_visitor(scope)
            self.node = await running_node()
        except ForeignOrigin:
            await send({"type": "websocket.close"})  # before accepting: the server answers 403
        except TurnedAway as refusal:
            await _turn_away(scope, send, refusal.code, refusal.reason)
        except TROUBLE as error:
            log.warning("handshake_failed", reason=repr(error))
            await _turn_away(scope, send, Close.RESTARTING, "retry=5000")
        else:
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            await self._stay(visitor, scope["extensions"].get(EXTENSION), receive, send)

    async def _stay(self, visitor: Visitor, direct: Any, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        self.connection = connection = _connection(visitor, send)
        self._work: set[asyncio.Task[None]] = set()
        self._time = asyncio.get_running_loop().time
        self._allowance, self._counted_at = float(FRAMES_AT_ONCE), connection.heard_at
        try:
            if direct is not None:
                direct.admit()
                direct.let_in(connection.client_id)
                connection.direct = direct.write_text
            await self.node.join(connection, tag=visitor.tag)
            if direct is not None:
                direct.on_text = self._take_directly
            await self._listen(receive)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not connection.closed or task is None:
                raise
            task.uncancel()  # the node cut off a reader that accepted nothing any more
        finally:
            self.node.leave(connection)

    async def _listen(self, receive: Callable[[], Awaitable[Message]]) -> None:
        while not self.connection.closed:
            message = await receive()
            if message["type"] != "websocket.receive":
                return
            self._take(message.get("text"))
            if len(self._work) >= WORK_AT_ONCE:
                await asyncio.wait(self._work, return_when=asyncio.FIRST_COMPLETED)

    def _take_directly(self, text: str) -> bool:
        """Take a frame where it arrives (see chat/realtime/direct.py). Return False when too many commands are open."""
        if len(self._work) >= WORK_AT_ONCE or self.connection.closed:
            return False
        self._take(text)
        return True

    def _take(self, text: str | None) -> None:
        self.connection.heard_at = self._time()
        try:
            self._handle(text)
        except failures.ProtocolError:
            self.connection.close(Close.PROTOCOL_ERROR)
        except failures.BadCommand as bad:
            self.connection.write(bad.failure)

    def _handle(self, text: str | None) -> None:
        if text is None:
            raise failures.ProtocolError  # frames are text
        if not self._within_limits(text):
            return
        try:
            frame = client_frames.decode(text)
        except (msgspec.DecodeError, RecursionError):
            self._allowance -= BAD_FRAME
            frame = failures.read_again(text)
        work = commands.HANDLERS[type(frame)](self, frame)
        if work is not None:
            task = asyncio.get_running_loop().create_task(self._answer(frame, work))
            self._work.add(task)
            task.add_done_callback(self._work.discard)

    def _within_limits(self, text: str) -> bool:
        if len(text) > settings.SOCKET_FRAME_BYTES:
            self.connection.close(Close.TOO_LARGE)
            return False
        now = self.connection.heard_at
        earned = (now - self._counted_at) * FRAMES_PER_SECOND
        self._allowance = min(float(FRAMES_AT_ONCE), self._allowance + earned) - 1
        self._counted_at = now
        if self._allowance < 0:
            self.connection.close(Close.TOO_MANY)
            return False
        return True

    async def _answer(self, frame: Any, work: commands.Work) -> None:
        outcome = "ok"
        answer: Result | Failure | None
        try:
            answer = await work
        except Refusal as refusal:
            outcome, answer = refusal.code, failures.refused(frame.ref, refusal)
        except (commands.Unavailable, *TROUBLE) as error:
            outcome, answer = "unavailable", failures.unavailable(frame.ref)
            log.warning("command_delayed", reason=repr(error))
        except Exception:
            outcome, answer = "failed", failures.unavailable(frame.ref)
            log.exception("command_failed")
        metrics.COMMANDS.labels(frame.__struct_config__.tag, outcome).inc()
        if answer is not None:
            self.connection.write(answer)


def _connection(visitor: Visitor, send: Any) -> Connection:
    connection = Connection(
        client_id=visitor.client_id,
        public_id=visitor.public_id,
        organization_id=visitor.member.organization_id,
        member_id=visitor.member.pk,
        send=send,
        window=settings.SOCKET_WINDOW,
    )
    connection.credential = visitor.credential
    connection.session_key, connection.token_id = visitor.session_key, visitor.token_id
    connection.task = asyncio.current_task()
    return connection


async def _turn_away(scope: Any, send: Any, code: Close, reason: str) -> None:
    """Accept the socket and close it: browsers show pages the close code only of a socket that was open."""
    metrics.CLOSES.labels(str(int(code))).inc()
    offered = SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None
    await send({"type": "websocket.accept", "subprotocol": offered})
    await send({"type": "websocket.close", "code": int(code), "reason": reason})
