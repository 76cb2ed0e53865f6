"""How load is made: closed loops with so many messages in flight, and messages at a fixed pace.

A message is in flight until everybody has applied it. The cost of a run ends when the server has taken note of the
last ack, so what is left to do afterwards is paid for too.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.tools.bench.accounting import cpu_seconds, own_cpu_seconds
from tests.tools.bench.figures import percentile
from tests.tools.bench.systems.base import System, until
from tests.tools.bench.tally import Tally

PATIENCE = 30.0  # seconds for the last deliveries of a run; then they count as lost


@dataclass(frozen=True)
class Run:
    """One repeat: what was delivered, how fast, at what cost to the server and to the load generator."""

    deliveries: int
    seconds: float  # from the first send to the last delivery
    cpu: float  # seconds of all server processes
    load_share: float  # of one core, of the load generator
    p50: float  # seconds from the send to each application
    p99: float
    problems: list[str] = field(default_factory=list)
    database: float = 0.0  # seconds of that, of PostgreSQL

    @property
    def rate(self) -> float:
        return self.deliveries / self.seconds if self.seconds else 0.0

    @property
    def microseconds(self) -> float:
        """Of the server's processor time, per delivery."""
        return self.cpu / self.deliveries * 1e6 if self.deliveries else 0.0


async def closed_loop(system: System, tally: Tally, *, in_flight: int, seconds: float) -> Run:
    """Keep so many messages in flight for so long."""

    async def drive() -> None:
        deadline = time.perf_counter() + seconds
        over = asyncio.get_running_loop().create_future()
        left = in_flight

        def next_one(_number: int) -> None:
            nonlocal left
            if time.perf_counter() < deadline:
                system.post(tally.post())
                return
            left -= 1
            if not left and not over.done():
                over.set_result(None)

        tally.done = next_one
        for _ in range(in_flight):
            system.post(tally.post())
        await asyncio.wait_for(over, seconds + PATIENCE)

    return await _measured(system, tally, drive)


async def paced(system: System, tally: Tally, *, rate: float, seconds: float) -> Run:
    """Send so many messages a second for so long, whether or not the server keeps up."""

    async def drive() -> None:
        loop = asyncio.get_running_loop()
        count, started = round(rate * seconds), loop.time()
        for number in range(count):
            await asyncio.sleep(max(0.0, started + number / rate - loop.time()))
            system.post(tally.post())
        await until(tally.complete, seconds=PATIENCE, every=0.002)

    return await _measured(system, tally, drive)


async def _measured(system: System, tally: Tally, drive: Callable[[], Awaitable[None]]) -> Run:
    roots, database = system.roots(), database_roots(system)
    gc.collect()
    delivered, del_latencies = tally.delivered, len(tally.latencies)
    cpu, stored, own, started = cpu_seconds(roots), cpu_seconds(database), own_cpu_seconds(), time.perf_counter()
    try:
        await drive()
    except TimeoutError:
        pass  # the tally knows what is missing
    finally:
        tally.done = lambda _number: None
    problems = await system.settle()
    spent, own_spent, elapsed = cpu_seconds(roots) - cpu, own_cpu_seconds() - own, time.perf_counter() - started
    latencies = sorted(tally.latencies[del_latencies:])
    return Run(
        deliveries=tally.delivered - delivered,
        seconds=tally.last - started,
        cpu=spent,
        load_share=own_spent / elapsed,
        p50=percentile(latencies, 0.50),
        p99=percentile(latencies, 0.99),
        problems=tally.problems() + problems,
        database=cpu_seconds(database) - stored,
    )


def database_roots(system: System) -> list[int]:
    """The PostgreSQL of a system, if it has one: how its cost divides decides what can be had twice."""
    roots: Callable[[], list[int]] = getattr(system, "database_roots", list)
    return roots()
