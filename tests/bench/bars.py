"""What was asked for before anything was measured, and what lies beyond it: the bars and the goals of the project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.bench import Workload

OURS = "Parley"
STORED, MOSQUITTO = "Socket.IO, PostgreSQL", "mosquitto, QoS 1"


@dataclass(frozen=True)
class Than:
    """What a figure of ours is divided by: the same metric of somebody else, or of ours in another case."""

    case: str
    system: str = OURS


@dataclass(frozen=True)
class Bar:
    """`limit` is the bar, `reach` what would be fine to reach; `least` says that more is better."""

    workload: str
    case: str
    metric: str
    limit: float | None
    reach: float | None = None
    least: bool = False
    than: Than | None = None

    @property
    def subject(self) -> str:
        if self.than is None:
            return f"{self.case}: {self.metric}"
        other = self.than.system if self.than.case == self.case else self.than.case
        return f"{self.case}: {self.metric} ÷ {other}"


@dataclass(frozen=True)
class Verdict:
    """`value` is None when it was not measured, by us or by whom it is compared with."""

    bar: Bar
    value: float | None

    @property
    def met(self) -> bool | None:
        return self._within(self.bar.limit)

    @property
    def reached(self) -> bool | None:
        return self._within(self.bar.reach)

    def _within(self, limit: float | None) -> bool | None:
        if self.value is None or limit is None:
            return None
        return self.value >= limit if self.bar.least else self.value <= limit


BARS: Sequence[Bar] = (
    Bar("fanout", "8 in flight", "µs/delivery", 10, 7),
    Bar("fanout", "8 in flight", "deliveries/s", 1.2, 1.6, least=True, than=Than("8 in flight", STORED)),
    Bar("fanout", "8 in flight", "deliveries/s", 15, least=True, than=Than("8 in flight", "Channels, uvicorn")),
    Bar("fanout", "8 in flight", "deliveries/s", 15, least=True, than=Than("8 in flight", "Channels, daphne")),
    Bar("fanout", "20/s", "µs/delivery", 27, 18),
    Bar("fanout", "32 in flight", "deliveries/s", None, 1 / 1.1, least=True, than=Than("32 in flight", MOSQUITTO)),
    Bar("latency", "20/s", "p50 ms", 12, 5),
    Bar("latency", "20/s", "p99 ms", 25, 9),
    Bar("latency", "direct", "p50 ms", 5, 3),
    Bar("latency", "direct", "p99 ms", 15, 8),
    Bar("posts", "200 members", "posts/s", 1000, 3000, least=True),
    Bar("posts", "1,000 posts/s", "p99 ms", 100),
    Bar("storm", "1,000 clients", "seconds", 2.5, 1.7),
    Bar("storm", "5,000 clients", "seconds", 13),
    Bar("idle", "2,000 clients", "KiB/connection", 35, 25),
    Bar("idle", "2,000 clients", "% of a core", 2),
    Bar("sync", "first, 1 million", "p50 ms", 60, 30),
    Bar("sync", "delta, 1 million", "p50 ms", 15, 8),
    Bar("sync", "first, 1 million", "p50 ms", 1.2, than=Than("first, 10 thousand")),
    Bar("sync", "delta, 1 million", "p50 ms", 1.2, than=Than("delta, 10 thousand")),
    Bar("history", "a page of 50", "p50 ms", 15),
    Bar("history", "two-word search", "p50 ms", 50),
    Bar("purge", "1,000,000 entries", "rows/s", 200_000, least=True),
    Bar("purge", "1,000,000 entries", "ratio", 2),
    Bar("growth", "fanout, 50", "µs/delivery", 1.3, than=Than("fanout, 500")),
    Bar("growth", "fanout, 5,000", "µs/delivery", 1.3, than=Than("fanout, 500")),
    Bar("growth", "posts, 1 million", "µs/post", 1.3, than=Than("posts, 10 thousand")),
)


def judge(workloads: Sequence[Workload]) -> list[Verdict]:
    """A verdict on every bar of the workloads that were run."""
    known = {workload.name: workload for workload in workloads}
    return [Verdict(bar, _value(bar, known[bar.workload])) for bar in BARS if bar.workload in known]


def _value(bar: Bar, workload: Workload) -> float | None:
    ours = workload.find(bar.case, OURS, bar.metric)
    if ours is None or bar.than is None:
        return ours.median if ours else None
    other = workload.find(bar.than.case, bar.than.system, bar.metric)
    return ours.median / other.median if other and other.median else None
