"""A small time series for the operations page: the counters of all nodes and workers, in Valkey for half an hour.

Every STEP, each process adds the growth of its counters (chat/delivery/metrics.py) to a hash that expires. So the
series is bounded and costs a node one round trip in each STEP. It is lost with Valkey; installations that keep figures
read /metrics. The numbers of purged rows are added up for each day of the last week.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from chat.delivery import metrics, store

STEP: Final = 10  # seconds a point
POINTS: Final = 180  # half an hour: what fits a small chart
KEPT: Final = STEP * (POINTS + 6)  # seconds
DAYS: Final = 7  # of what purges removed
FOLLOWED: Final = "followed."  # before the name of a follower: events that it handled

log = structlog.get_logger(__name__)

_counted: dict[str, float] = {}  # the part of this process's counters that has been reported


async def report() -> None:
    """Called by a node every STEP. If it fails, the growth is part of the next report."""
    growth = _growth()
    if not growth:
        return
    key = _point(time.time())
    async with store.loop().pipeline(transaction=False) as pipe:
        for name, amount in growth.items():
            pipe.hincrby(key, name, amount)
        pipe.expire(key, KEPT)
        await pipe.execute()
    _mark(growth)


def note_purge(what: str, rows: int) -> None:
    """Called by a worker after it removed rows of this kind. Never fails, so that the purge goes on without Valkey."""
    key = _day(datetime.now(UTC))
    try:
        with store.threads().pipeline(transaction=False) as pipe:
            pipe.hincrby(key, what, rows)
            pipe.expire(key, (DAYS + 1) * 86_400)
            pipe.execute()
    except RedisError as error:
        log.warning("purge_not_noted", what=what, rows=rows, reason=repr(error))


def note_followed(handled: Mapping[str, int]) -> None:
    """From a worker: each of these followers has handled so many events. Never fails, as above."""
    counts = {f"{FOLLOWED}{name}": count for name, count in handled.items() if count}
    if not counts:
        return
    key = _point(time.time())
    try:
        with store.threads().pipeline(transaction=False) as pipe:
            for name, count in counts.items():
                pipe.hincrby(key, name, count)
            pipe.expire(key, KEPT)
            pipe.execute()
    except RedisError as error:
        log.warning("followers_not_noted", reason=repr(error))


def series() -> list[tuple[float, dict[str, int]]]:
    """Return (time, counts by name) of the last POINTS steps that have ended, the oldest first. Raises RedisError."""
    newest = int(time.time()) // STEP * STEP - STEP
    times = [float(newest - STEP * back) for back in reversed(range(POINTS))]
    with store.threads().pipeline(transaction=False) as pipe:
        for at in times:
            pipe.hgetall(_point(at))
        found = pipe.execute()
    return [(at, _numbers(counts)) for at, counts in zip(times, found, strict=True)]


def purged() -> dict[str, int]:
    """Return the numbers of rows removed in the last DAYS days, by kind. Raises RedisError."""
    today = datetime.now(UTC)
    with store.threads().pipeline(transaction=False) as pipe:
        for back in range(DAYS):
            pipe.hgetall(_day(today - timedelta(days=back)))
        found = pipe.execute()
    total: dict[str, int] = {}
    for counts in found:
        for what, rows in _numbers(counts).items():
            total[what] = total.get(what, 0) + rows
    return dict(sorted(total.items()))


def _growth() -> dict[str, int]:
    now = dict(_totals())
    grown = {name: int(value - _counted.get(name, 0)) for name, value in now.items()}
    return {name: amount for name, amount in grown.items() if amount > 0}


def _mark(growth: Mapping[str, int]) -> None:
    for name, amount in growth.items():
        _counted[name] = _counted.get(name, 0) + amount


def _totals() -> Iterator[tuple[str, float]]:
    """Yield `deliveries`, `acks`, `overflows` and `resyncs.<reason>` as this process has counted them."""
    yield "deliveries", sum(_samples(metrics.DELIVERIES).values())
    yield "acks", sum(_samples(metrics.ACKS).values())
    yield "overflows", sum(_samples(metrics.OVERFLOWS).values())
    for reason, value in _samples(metrics.RESYNCS).items():
        yield f"resyncs.{reason}", value


def _samples(counter: Any) -> dict[str, float]:
    """Return the values by label; a counter has at most one label."""
    return {
        ".".join(sample.labels.values()): sample.value
        for metric in counter.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }


def _numbers(counts: Mapping[str, str]) -> dict[str, int]:
    return {name: int(value) for name, value in counts.items()}


def _point(at: float) -> str:
    return f"parley:figures:{int(at) // STEP * STEP}"


def _day(day: datetime) -> str:
    return f"parley:purged:{day:%Y-%m-%d}"
