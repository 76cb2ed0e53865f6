"""Starts and stops the node together with its server (ASGI lifespan).

A server that stops closes its sockets before it notifies the application. Clients need to know when to return, so the
stop signals are handled here first and then passed on at once.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, Final

import structlog

from chat.delivery.node import TROUBLE, present_node, running_node
from chat.realtime import poster

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger(__name__)


async def lifespan(scope: Any, receive: Callable[[], Awaitable[dict[str, Any]]], send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await _start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            node = present_node()
            if node is not None:
                node.drain()
                try:
                    await poster.close()
                finally:
                    await node.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _start() -> None:
    _hear_signals(asyncio.get_running_loop())
    try:
        await running_node()
    except TROUBLE as error:  # the first socket tries again
        log.warning("node_start_delayed", reason=repr(error))
    gc.freeze()  # present objects stay for good: a collection of them all stopped the process for 93 ms


def _hear_signals(loop: asyncio.AbstractEventLoop) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # only there can signals be heard
    for number in SIGNALS:
        before = signal.getsignal(number)
        if callable(before):
            signal.signal(number, _drain_then(before, loop))


def _drain_then(before: Callable[[int, FrameType | None], Any], loop: asyncio.AbstractEventLoop) -> Any:
    def handle(number: int, frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(_drain)
        before(number, frame)

    return handle


def _drain() -> None:
    node = present_node()
    if node is not None:
        node.drain()
