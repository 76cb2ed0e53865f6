"""Where a client is to go on: after the tag that it names, or after a resync."""

from __future__ import annotations

from django.conf import settings

from chat.delivery import metrics
from chat.delivery.mailbox import Position
from chat.delivery.node.connections import Connection

Range = tuple[int, int]
"""(after, upto): entries that the client no longer needs."""


def hello(connection: Connection, position: Position, tag: int) -> Range | None:
    """Say hello to a client that has applied everything up to `tag`. Returns what it has acked by that, if anything."""
    resumed = position.reaches(tag)
    outcome = "resumed" if resumed else "resync"
    start = tag if resumed else position.tag
    pending = position.tag - start
    connection.sent = connection.acked = start
    metrics.CONNECTS.labels(outcome).inc()
    if not resumed:
        metrics.RESYNCS.labels("hello").inc()
    connection.write(
        f'{{"op":"hello","client":"{connection.public_id}","tag":{start},"outcome":"{outcome}","pending":{pending},'
        f'"heartbeat":{settings.SOCKET_HEARTBEAT},"window":{connection.window}}}'
    )
    return _before(position, start)


def resync(connection: Connection, position: Position) -> Range:
    """Tell a client that its mailbox was emptied under it. Returns the entries that the resync makes superfluous."""
    connection.sent = connection.acked = position.tag
    connection.behind = False
    connection.progress_at = connection.heard_at
    metrics.RESYNCS.labels("overflow").inc()
    connection.write(f'{{"op":"resync","tag":{position.tag},"reason":"overflow"}}')
    return _before(position, position.tag) or (position.tag, position.tag)


def _before(position: Position, start: int) -> Range | None:
    if position.oldest is None or position.oldest > start:
        return None
    return position.oldest - 1, start
