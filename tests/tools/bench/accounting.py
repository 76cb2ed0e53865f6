"""What a server costs: processor time and memory of whole process trees, from /proc.

A tree's processor time is user + system of every living process in it plus what each of them has reaped (cutime,
cstime): a PostgreSQL backend that ended during a measurement counts through its postmaster. Nothing is counted twice,
because the kernel adds a child to its parent only when it is waited for, and nothing is lost unless a process outlives
its parent, which no server here does. The grain is one clock tick, usually 10 ms, per process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
TRIES = 20  # looks at a tree until no process came or went meanwhile

Line = dict[int, tuple[int, int]]
"""Process id → parent's id, ticks of its own and of what it reaped."""


@dataclass(frozen=True)
class Cores:
    """One core for everything of the server, another for the load. Equal on a machine that has only one."""

    server: int
    load: int


def choose_cores() -> Cores:
    """The first and the last core that we may use."""
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    return Cores(allowed[0], allowed[-1])


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run this thread, and whatever it starts meanwhile, on one core. Without effect where that cannot be said."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(roots: Iterable[int]) -> float:
    """Processor time of these processes and all their descendants, dead and reaped ones included."""
    wanted = list(roots)
    return sum(ticks for _, ticks in _stable(lambda: _tree(wanted)).values()) / TICK


def own_cpu_seconds() -> float:
    """Of this process alone: the load generator."""
    times = os.times()
    return times.user + times.system


def memory_bytes(roots: Iterable[int]) -> int:
    """What the trees hold for themselves: proportional set size, so that shared pages count once."""
    return sum(_pss(pid) for pid in _tree(list(roots)))


def peak_bytes(pid: int) -> int:
    """The most that one process has ever held (VmHWM)."""
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmHWM:")


class Noise:
    """How much of the machine others use, from now on: all that its cores did, without us and what we started."""

    def __init__(self) -> None:
        self._started, self._busy, self._own = time.monotonic(), _machine_seconds(), cpu_seconds([os.getpid()])

    def share(self) -> float:
        elapsed = (time.monotonic() - self._started) * (os.cpu_count() or 1)
        others = _machine_seconds() - self._busy - (cpu_seconds([os.getpid()]) - self._own)
        return max(0.0, others / elapsed) if elapsed else 0.0


def unpinned(roots: Iterable[int], core: int) -> list[int]:
    """Processes of the trees that may run on another core than this one: there must be none."""
    strays = []
    for pid in _tree(list(roots)):
        try:
            if os.sched_getaffinity(pid) != {core}:
                strays.append(pid)
        except ProcessLookupError:
            continue
    return strays


def _machine_seconds() -> float:
    """Processor time that all cores have spent on anything but waiting: user, nice, system, irq, softirq, steal."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


def _stable(look: Callable[[], Line]) -> Line:
    """Look until two looks in a row find the same processes: one that ends in between would count twice or not."""
    before = look()
    for _ in range(TRIES):
        after = look()
        if before.keys() == after.keys():
            return after
        before = after
    return before


def _tree(roots: list[int]) -> Line:
    everybody = _everybody()
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in everybody.items():
        children.setdefault(parent, []).append(pid)
    found: Line = {}
    waiting = [pid for pid in roots if pid in everybody]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found[pid] = everybody[pid]
            waiting += children.get(pid, ())
    return found


def _everybody() -> Line:
    lines = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                lines[int(folder.name)] = _read((folder / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue
    return lines


def _read(stat: str) -> tuple[int, int]:
    """Parent and ticks from one line of /proc/<pid>/stat. The name may hold blanks and brackets: what follows it
    does not."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[1]), sum(int(field) for field in fields[11:15])


def _pss(pid: int) -> int:
    return _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")


def _kilobytes(path: Path, name: str) -> int:
    try:
        lines = path.read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)
