"""Numbered messages from a node to itself: a missing number reveals that its subscription was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from chat.delivery import wakeups
from chat.delivery.node.jobs import in_background
from chat.wire import Echo

INTERVAL: Final = 2.0  # seconds between two echoes

log = structlog.get_logger(__name__)


class Echoes:
    def __init__(self, outbox: wakeups.Outbox, *, compare: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """`compare` is run when messages were missed."""
        self._outbox, self._compare = outbox, compare
        self._sent = self._heard = 0

    async def send(self) -> None:
        self._sent += 1
        self._outbox.post_to_group(wakeups.group_of(self._outbox.node_id), Echo(self._sent))

    def receive(self, echo: Echo) -> None:
        missed = echo.number - self._heard - 1
        self._heard = echo.number
        if missed > 0:
            log.warning("wakeups_missed", echoes=missed)
            in_background(self._compare())
