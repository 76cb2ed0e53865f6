"""200 members in conversations of 10, all of them sending.

At full load each posts again as soon as the server has stored the last: how many posts a second it can do. There, the
time of a post is only the number of members divided by that rate, so latency is measured at 1,000 posts a second.
Every message is delivered to the ten clients of its conversation, applied and acked.
"""

from __future__ import annotations

import asyncio
import gc
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence

import uvloop

from tests.tools.bench.accounting import cpu_seconds, own_cpu_seconds
from tests.tools.bench.bench import Bench, Workload, record
from tests.tools.bench.figures import percentile
from tests.tools.bench.systems.base import until
from tests.tools.bench.systems.parley import Parley, Reader, make_accounts
from tests.tools.bench.tally import Tally, text_of

MEMBERS, SIZE = 200, 10
SECONDS = 2.0
WARM_UP = 1.0
PATIENCE = 20.0  # seconds for the last deliveries
PACE = 1000  # posts a second
CAPACITY = 200_000  # messages in all repeats

Counted = tuple[list[float], list[str]]
"""Figures in the order of their names, and what went wrong."""


def run(bench: Bench) -> None:
    with bench.workload("posts") as workload:
        measure(bench, workload, "200 members")


def measure(bench: Bench, workload: Workload, case: str) -> None:
    if not bench.wants("parley"):
        return
    system = bench.parley
    system.accounts = make_accounts(f"posts-{uuid.uuid4().hex[:8]}", MEMBERS, rooms=MEMBERS // SIZE)
    with system.running():
        uvloop.run(_measure(bench, workload, system, case))


async def _measure(bench: Bench, workload: Workload, system: Parley, case: str) -> None:
    tally = Tally(MEMBERS, capacity=CAPACITY)
    await system.connect(tally)
    await post_for(system, tally, WARM_UP)
    runs = [await post_for(system, tally, SECONDS) for _ in range(bench.repeats)]
    _record(workload, case, runs)
    if workload.name == "posts":
        paced = [await _counted(system, tally, lambda: _post_paced(system, tally)) for _ in range(bench.repeats)]
        _record(workload, f"{PACE:,} posts/s", paced)
    await system.disconnect()


def _record(workload: Workload, case: str, runs: Sequence[Counted]) -> None:
    names = ("posts/s", "µs/post", "p50 ms", "p99 ms", "load %", "database %")
    metrics = {name: [figures[at] for figures, _ in runs] for at, name in enumerate(names)}
    record(workload, case, "Parley", metrics, sorted({problem for _, some in runs for problem in some}))


async def post_for(system: Parley, tally: Tally, seconds: float) -> Counted:
    """One repeat at full load."""

    async def everybody() -> list[float]:
        times: list[float] = []
        deadline = time.perf_counter() + seconds
        await asyncio.gather(*(_post_on(system, reader, tally, deadline, times) for reader in system.readers))
        return times

    return await _counted(system, tally, everybody)


async def _counted(system: Parley, tally: Tally, posting: Callable[[], Coroutine[None, None, list[float]]]) -> Counted:
    """One repeat: the figures in the order of their names, and what went wrong."""
    roots, database = system.roots(), system.database_roots()
    gc.collect()
    stored, cpu, own, started = cpu_seconds(database), cpu_seconds(roots), own_cpu_seconds(), time.perf_counter()
    times = await posting()
    elapsed = time.perf_counter() - started
    await until(tally.complete, seconds=PATIENCE)
    problems = tally.problems() + await system.settle()
    spent, whole = cpu_seconds(roots) - cpu, time.perf_counter() - started
    ordered = sorted(times)
    figures = [
        len(times) / elapsed,
        spent / len(times) * 1e6,
        percentile(ordered, 0.5) * 1000,
        percentile(ordered, 0.99) * 1000,
        (own_cpu_seconds() - own) / whole * 100,
        (cpu_seconds(database) - stored) / spent * 100,
    ]
    return figures, problems


async def _post_paced(system: Parley, tally: Tally) -> list[float]:
    """Members post in turn, whether or not the last was answered."""
    loop = asyncio.get_running_loop()
    started, count = loop.time(), round(PACE * SECONDS)
    times: list[float] = []
    sent: dict[str, float] = {}
    all_answered: asyncio.Future[None] = loop.create_future()

    def answered(ref: str) -> None:
        times.append(time.perf_counter() - sent.pop(ref))
        if len(times) == count:
            all_answered.set_result(None)

    for number in range(count):
        await asyncio.sleep(max(0.0, started + number / PACE - loop.time()))
        reader, ref = system.readers[number % MEMBERS], str(uuid.uuid4())
        reader.answered, sent[ref] = answered, time.perf_counter()
        system.posts += 1
        reader.post(ref, text_of(tally.post(audience=SIZE)))
    await asyncio.wait_for(all_answered, PATIENCE)
    return times


async def _post_on(system: Parley, reader: Reader, tally: Tally, deadline: float, times: list[float]) -> None:
    """One member, who sends the next message when the last was answered."""
    loop = asyncio.get_running_loop()
    while (started := time.perf_counter()) < deadline:
        answered = loop.create_future()
        reader.answered = answered.set_result  # with the ref, which nobody needs
        system.posts += 1
        reader.post(str(uuid.uuid4()), text_of(tally.post(audience=SIZE)))
        await answered
        times.append(time.perf_counter() - started)
