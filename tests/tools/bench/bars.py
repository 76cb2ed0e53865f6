"""What was asked for before anything was measured, and what lies beyond it: the bars and the goals of the project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tests.tools.bench.bench import Workload

OURS = "Parley"
STORED, MOSQUITTO, BARE = "Socket.IO, PostgreSQL", "mosquitto, QoS 1", "Socket.IO, not stored"
TIMES = frozenset({"µs/delivery", "µs/post", "p50 ms", "p99 ms", "seconds", "% of a core"})
RATES = frozenset({"posts/s", "rows/s"})
# What the peers took where the bars were set, µs of processor time a delivery, as the design's table has it.
THERE: dict[str, dict[str, float]] = {
    BARE: {"8 in flight": 8.1, "1 in flight": 13.9, "20/s": 24},
    STORED: {"8 in flight": 12.0, "1 in flight": 16.2, "20/s": 27},
    MOSQUITTO: {"8 in flight": 5.9, "1 in flight": 6.2, "20/s": 9.2},
    "Channels, uvicorn": {"8 in flight": 120},
    "Channels, daphne": {"8 in flight": 163},
}
LEAST_PEERS = 4  # figures that a machine is compared by: one peer's own noise says nothing about it


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
    """`value` is None when it was not measured, by us or by whom it is compared with; `slowness` as below."""

    bar: Bar
    value: float | None
    slowness: float | None = None

    @property
    def met(self) -> bool | None:
        return self._within(self.bar.limit, self.value)

    @property
    def reached(self) -> bool | None:
        return self._within(self.bar.reach, self.value)

    @property
    def there(self) -> float | None:
        """What it would be where the bars were set; None for what does not depend on a machine's speed."""
        if self.value is None or self.slowness is None or self.bar.than is not None:
            return None
        if self.bar.metric in TIMES:
            return self.value / self.slowness
        return self.value * self.slowness if self.bar.metric in RATES else None

    @property
    def met_there(self) -> bool | None:
        return self._within(self.bar.limit, self.there)

    def _within(self, limit: float | None, value: float | None) -> bool | None:
        if value is None or limit is None:
            return None
        return value >= limit if self.bar.least else value <= limit


BARS: Sequence[Bar] = (
    Bar("fanout", "8 in flight", "µs/delivery", 10, 7),
    Bar("fanout", "8 in flight", "deliveries/s", 1.2, 1.6, least=True, than=Than("8 in flight", STORED)),
    Bar("fanout", "8 in flight", "deliveries/s", 15, least=True, than=Than("8 in flight", "Channels, uvicorn")),
    Bar("fanout", "8 in flight", "deliveries/s", 15, least=True, than=Than("8 in flight", "Channels, daphne")),
    Bar("fanout", "20/s", "µs/delivery", 27, 18),
    Bar("fanout", "20/s", "µs/delivery", 1, than=Than("20/s", STORED)),
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
    Bar("growth", "fanout, 500", "µs/delivery", 1.3, than=Than("fanout, 50")),
    Bar("growth", "fanout, 5,000", "µs/delivery", 1.3, than=Than("fanout, 500")),
    Bar("growth", "posts, 1 million", "µs/post", 1.3, than=Than("posts, 10 thousand")),
)


def judge(workloads: Sequence[Workload]) -> list[Verdict]:
    """A verdict on every bar of the workloads that were run."""
    known = {workload.name: workload for workload in workloads}
    slow = slowness(workloads)
    return [Verdict(bar, _value(bar, known[bar.workload]), slow) for bar in BARS if bar.workload in known]


def slowness(workloads: Sequence[Workload]) -> float | None:
    """How many times as long as where the bars were set the peers take here for the same work: the median of them."""
    fanout = next((each for each in workloads if each.name == "fanout"), None)
    times = [
        here.median / there
        for system, cases in THERE.items()
        for case, there in cases.items()
        if fanout is not None and (here := fanout.find(case, system, "µs/delivery"))
    ]
    return median(times) if len(times) >= LEAST_PEERS else None


def _value(bar: Bar, workload: Workload) -> float | None:
    ours = workload.find(bar.case, OURS, bar.metric)
    if ours is None or bar.than is None:
        return ours.median if ours else None
    other = workload.find(bar.than.case, bar.than.system, bar.metric)
    return ours.median / other.median if other and other.median else None
