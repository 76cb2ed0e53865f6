"""200 members in conversations of 10, all of them sending: each posts again as soon as the server has stored the last.

Every message is delivered to the ten clients of its conversation, applied and acked.
"""

from __future__ import annotations

import asyncio
import gc
import time
import uuid

import uvloop

from tests.bench.accounting import cpu_seconds, own_cpu_seconds
from tests.bench.bench import Bench, Workload, record
from tests.bench.figures import percentile
from tests.bench.systems.base import until
from tests.bench.systems.parley import Parley, Reader, take_seats
from tests.bench.tally import Tally, text_of

MEMBERS, SIZE = 200, 10
SECONDS = 2.0
WARM_UP = 1.0
PATIENCE = 20.0  # seconds for the last deliveries
CAPACITY = 200_000  # messages in all repeats


def run(bench: Bench) -> None:
    with bench.workload("posts") as workload:
        measure(bench, workload, "200 members")


def measure(bench: Bench, workload: Workload, case: str) -> None:
    if not bench.wants("parley"):
        return
    system = bench.parley
    system.seats = take_seats(f"posts-{uuid.uuid4().hex[:8]}", MEMBERS, rooms=MEMBERS // SIZE)
    with system.running():
        uvloop.run(_measure(bench, workload, system, case))


async def _measure(bench: Bench, workload: Workload, system: Parley, case: str) -> None:
    tally = Tally(MEMBERS, capacity=CAPACITY)
    await system.connect(tally)
    await post_for(system, tally, WARM_UP)
    runs = [await post_for(system, tally, SECONDS) for _ in range(bench.repeats)]
    names = ("posts/s", "µs/post", "p50 ms", "p99 ms", "load %", "database %")
    metrics = {name: [figures[at] for figures, _ in runs] for at, name in enumerate(names)}
    record(workload, case, system.name, metrics, sorted({problem for _, some in runs for problem in some}))
    await system.disconnect()


async def post_for(system: Parley, tally: Tally, seconds: float) -> tuple[list[float], list[str]]:
    """One repeat: the figures in the order of their names, and what went wrong."""
    roots, database = system.roots(), system.database_roots()
    gc.collect()
    stored, cpu, own, started = cpu_seconds(database), cpu_seconds(roots), own_cpu_seconds(), time.perf_counter()
    times: list[float] = []
    await asyncio.gather(*(_post_on(system, reader, tally, started + seconds, times) for reader in system.readers))
    elapsed = time.perf_counter() - started
    await until(tally.complete, seconds=PATIENCE)
    problems = tally.problems() + await system.settle()
    spent, whole = cpu_seconds(roots) - cpu, time.perf_counter() - started
    ordered = sorted(times)
    share = (own_cpu_seconds() - own) / whole * 100
    figures = [
        len(times) / elapsed,
        spent / len(times) * 1e6,
        percentile(ordered, 0.5) * 1000,
        percentile(ordered, 0.99) * 1000,
        share,
        (cpu_seconds(database) - stored) / spent * 100,
    ]
    return figures, problems


async def _post_on(system: Parley, reader: Reader, tally: Tally, deadline: float, times: list[float]) -> None:
    """One member, who sends the next message when the last was answered."""
    loop = asyncio.get_running_loop()
    while (started := time.perf_counter()) < deadline:
        answered: asyncio.Future[None] = loop.create_future()
        reader.answered = lambda _ref, answered=answered: answered.set_result(None)
        system.posts += 1
        reader.post(str(uuid.uuid4()), text_of(tally.post(audience=SIZE)))
        await answered
        times.append(time.perf_counter() - started)
