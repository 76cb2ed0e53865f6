"""Where a client continues: after the tag that it names, or after a resync. Writes the frames that say so."""

from __future__ import annotations

from typing import Literal

from django.conf import settings

from chat.delivery import metrics
from chat.delivery.mailbox import Position
from chat.delivery.node.connections import Connection
from chat.wire import Hello, Resync

Range = tuple[int, int]
"""(after, upto): the tags of entries that the client no longer needs."""


def hello(connection: Connection, position: Position, tag: int) -> Range | None:
    """Send hello to a client that has applied everything up to `tag`. Returns the entries that this acknowledges."""
    resumed = position.reaches(tag)
    outcome: Literal["resumed", "resync"] = "resumed" if resumed else "resync"
    start = tag if resumed else position.tag
    pending = position.tag - start
    connection.sent = connection.acked = start
    metrics.CONNECTS.labels(outcome).inc()
    if not resumed:
        metrics.RESYNCS.labels("hello").inc()
    connection.write(
        Hello(
            client=connection.public_id,
            tag=start,
            outcome=outcome,
            pending=pending,
            heartbeat=settings.SOCKET_HEARTBEAT,
            window=connection.window,
        )
    )
    return _before(position, start)


def resync(connection: Connection, position: Position) -> Range:
    """Send resync to a client whose mailbox was emptied. Returns the entries that the resync makes superfluous."""
    connection.sent = connection.acked = position.tag
    connection.behind = False
    connection.progress_at = connection.heard_at
    metrics.RESYNCS.labels("overflow").inc()
    connection.write(Resync(tag=position.tag, reason="overflow"))
    return _before(position, position.tag) or (position.tag, position.tag)


def _before(position: Position, start: int) -> Range | None:
    if position.oldest is None or position.oldest > start:
        return None
    return position.oldest - 1, start
