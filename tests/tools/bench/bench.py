"""One run of the benchmark: what it has to work with and what it has found out so far."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from config.launcher.embedded import EngineError
from tests.tools.bench.accounting import Cores, Noise, choose_cores
from tests.tools.bench.figures import Figure, figure
from tests.tools.bench.load import Run
from tests.tools.bench.systems.base import Returning, System, Unavailable
from tests.tools.bench.systems.mosquitto import Mosquitto
from tests.tools.bench.systems.parley import Account, Parley, parley
from tests.tools.bench.systems.socketio import SocketIO, StoredSocketIO
from tests.tools.bench.systems.textbook import Channels

QUIET = 0.1  # share of the machine that others may use before rates and latencies say more about them than about us
STARTED = time.monotonic()

Metrics = Mapping[str, Sequence[float]]
"""Name with unit → one value a repeat."""


@dataclass(frozen=True)
class Line:
    """One system in one case of a workload."""

    case: str
    system: str
    metrics: dict[str, Figure]
    problems: list[str]


@dataclass
class Workload:
    """What one workload has shown: a line a case and system, and why some systems have none."""

    name: str
    seconds: float = 0.0
    lines: list[Line] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)
    others: float | None = None  # share of the machine that others used meanwhile

    @property
    def quiet(self) -> bool:
        """Whether rates and latencies mean anything: nearly all of the machine was ours."""
        return self.others is not None and self.others <= QUIET

    def find(self, case: str, system: str, metric: str) -> Figure | None:
        for line in self.lines:
            if (line.case, line.system) == (case, system):
                return line.metrics.get(metric)
        return None


@dataclass
class Bench:
    """`systems`: names of those to measure, all when empty."""

    repeats: int = 3
    systems: frozenset[str] = frozenset()
    cores: Cores = field(default_factory=choose_cores)
    workloads: list[Workload] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    _parley: Parley | None = None

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.close()

    @property
    def parley(self) -> Parley:
        """Our own engines, started when they are first needed and shared by all workloads."""
        if self._parley is None:
            say("starting PostgreSQL and Valkey")
            self._parley = self._stack.enter_context(parley(self.cores))
        return self._parley

    def peers(self) -> list[System]:
        """Those that were asked for, in the order of the table."""
        everybody: dict[str, System] = {
            "socketio": SocketIO(self.cores),
            "socketio-postgres": StoredSocketIO(self.cores),
            "uvicorn": Channels(self.cores, server="uvicorn"),
            "daphne": Channels(self.cores, server="daphne"),
            "mosquitto": Mosquitto(self.cores),
        }
        return [system for name, system in everybody.items() if self.wants(name)]

    def wants(self, system: str) -> bool:
        return not self.systems or system in self.systems

    def systems_for(self, accounts: Callable[[], Sequence[Account]]) -> list[System]:
        """Ours with these accounts, and the peers."""
        ours: list[System] = []
        if self.wants("parley"):
            self.parley.accounts = ()
            self.parley.accounts = accounts()
            ours.append(self.parley)
        return ours + self.peers()

    def returning(self, accounts: Callable[[], Sequence[Account]]) -> list[Returning]:
        """Those whose clients find again what waits for them."""
        return [system for system in self.systems_for(accounts) if isinstance(system, Returning)]

    @contextmanager
    def excused(self, workload: Workload, system: System) -> Iterator[None]:
        """A peer that cannot be had leaves a reason instead of figures; ours has no excuse."""
        try:
            yield
        except (Unavailable, OSError, subprocess.SubprocessError, EngineError) as reason:
            if system is self._parley:
                raise
            workload.unavailable[system.name] = str(reason) or repr(reason)
            say(f"{workload.name:8}{system.name}: {reason}")

    @contextmanager
    def workload(self, name: str) -> Iterator[Workload]:
        workload, started, noise = self.add(name), time.monotonic(), Noise()
        yield workload
        workload.others = noise.share()
        workload.seconds = round(time.monotonic() - started, 1)

    def add(self, name: str) -> Workload:
        self.workloads.append(Workload(name))
        return self.workloads[-1]

    def find(self, name: str) -> Workload | None:
        return next((each for each in self.workloads if each.name == name), None)

    @property
    def problems(self) -> list[str]:
        """Whatever was lost, doubled or left unacked by anybody."""
        return [
            f"{workload.name}, {line.case}, {line.system}: {problem}"
            for workload in self.workloads
            for line in workload.lines
            for problem in line.problems
        ]


def record(workload: Workload, case: str, system: str, metrics: Metrics, problems: Sequence[str] = ()) -> Line:
    line = Line(case, system, {name: figure(values) for name, values in metrics.items()}, list(problems))
    workload.lines.append(line)
    shown = "  ".join(f"{name} {number(each.median)}" for name, each in line.metrics.items())
    say(f"{workload.name:8}{case:18}{system:24}{shown}{'  WRONG: ' + '; '.join(problems) if problems else ''}")
    return line


def metrics_of(runs: Sequence[Run]) -> dict[str, list[float]]:
    """What every run of deliveries is measured by."""
    metrics = {
        "deliveries/s": [run.rate for run in runs],
        "µs/delivery": [run.microseconds for run in runs],
        "p50 ms": [run.p50 * 1000 for run in runs],
        "p99 ms": [run.p99 * 1000 for run in runs],
        "load %": [run.load_share * 100 for run in runs],
    }
    if all(run.database for run in runs):
        metrics["database %"] = [run.database / run.cpu * 100 for run in runs]
    return metrics


def problems_of(runs: Sequence[Run]) -> list[str]:
    return sorted({problem for run in runs for problem in run.problems})


def number(value: float) -> str:
    """Three figures are as many as a shared machine can tell."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def say(line: str) -> None:
    """Progress, with the seconds since the start."""
    sys.stdout.write(f"{time.monotonic() - STARTED:5.0f} s  {line}\n")
    sys.stdout.flush()
