"""2,000 clients that are connected and do nothing but live: memory per connection, and processor time.

Long enough for everybody's heartbeat, which is the only thing that happens.
"""

from __future__ import annotations

import asyncio

import uvloop

from tests.tools.bench.accounting import cpu_seconds, memory_bytes
from tests.tools.bench.bench import Bench, Workload, record
from tests.tools.bench.systems.base import System
from tests.tools.bench.systems.parley import Parley, make_accounts
from tests.tools.bench.tally import Tally

FIRST, CLIENTS = 200, 2000  # memory is compared between so few and so many
HEARTBEAT = 25.0  # seconds between two of a client
SETTLING = 5.0  # seconds until what arrivals leave behind is done: vacuum of what was claimed
ANNOUNCED = 100.0  # of them a second, until everybody may know that they are there: only then are they idle
CASE = "2,000 clients"


def run(bench: Bench) -> None:
    with bench.workload("idle") as workload:
        for system in bench.systems_for(lambda: make_accounts("idle", CLIENTS)):
            with bench.excused(workload, system), system.running():
                uvloop.run(_measure(bench, workload, system))


async def _measure(bench: Bench, workload: Workload, system: System) -> None:
    tally = Tally(CLIENTS, capacity=1)
    before = await _after_the_first(system)
    await system.connect(tally)
    await asyncio.sleep(SETTLING)
    each = (memory_bytes(system.roots()) - before) / CLIENTS / 1024
    metrics = {"KiB/connection": [each]}
    if isinstance(system, Parley):
        await asyncio.sleep(CLIENTS / ANNOUNCED - SETTLING)
        metrics["% of a core"] = [await _share(system, HEARTBEAT / bench.repeats) for _ in range(bench.repeats)]
    problems = await system.settle()
    record(workload, CASE, system.name, metrics, problems)
    await system.disconnect()


async def _after_the_first(system: System) -> float:
    """Bytes with what a server makes for its first visitors and keeps: pools, caches, compiled code."""
    accounts = getattr(system, "accounts", None)
    if accounts is not None:
        setattr(system, "accounts", accounts[:FIRST])  # noqa: B010  # only some systems have them
    await system.connect(Tally(FIRST, capacity=1))
    await asyncio.sleep(0.5)
    await system.disconnect()
    await asyncio.sleep(1)
    if accounts is not None:
        setattr(system, "accounts", accounts)  # noqa: B010
    return memory_bytes(system.roots())


async def _share(system: System, seconds: float) -> float:
    cpu = cpu_seconds(system.roots())
    await asyncio.sleep(seconds)
    return (cpu_seconds(system.roots()) - cpu) / seconds * 100
