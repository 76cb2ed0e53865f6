"""1,000 clients with 50 waiting events each lose their node and come back to another at once; and 5,000 clients.

The clock runs from the first connection attempt to the moment at which everything has been applied and the server has
taken note of every ack. Nobody waits a random time, as real clients would: this is the worst case. Peers without a
second node lose their connections instead, and keep their process.
"""

from __future__ import annotations

import time
from functools import partial

import uvloop

from tests.tools.bench.accounting import cpu_seconds, own_cpu_seconds, peak_bytes
from tests.tools.bench.bench import Bench, Workload, record
from tests.tools.bench.systems.base import Returning, until
from tests.tools.bench.systems.parley import Parley, make_accounts
from tests.tools.bench.tally import Tally

WAITING = 50
SIZES = {1000: 3, 5000: 1}  # clients → repeats, unless fewer are asked for
PATIENCE = 60.0


def run(bench: Bench) -> None:
    with bench.workload("storm") as workload:
        for clients, repeats in SIZES.items():
            for system in bench.returning(partial(make_accounts, f"storm-{clients}", clients + 1)):
                if clients > 1000 and not isinstance(system, Parley):
                    continue
                with bench.excused(workload, system), system.running():
                    uvloop.run(_measure(workload, system, clients, min(repeats, bench.repeats)))


async def _measure(workload: Workload, system: Returning, clients: int, repeats: int) -> None:
    tally = Tally(clients + 1, capacity=WAITING * repeats)
    await system.connect(tally)
    system.senders = [clients]  # the last one stays, and posts to those who are away
    runs = [await _storm(system, tally, clients) for _ in range(repeats)]
    names = ("seconds", "µs/delivery", "peak MiB", "load %")
    metrics = {name: [figures[at] for figures, _ in runs] for at, name in enumerate(names)}
    problems = sorted({problem for _, some in runs for problem in some})
    record(workload, f"{clients:,} clients", system.name, metrics, problems)
    await system.disconnect()


async def _storm(system: Returning, tally: Tally, clients: int) -> tuple[list[float], list[str]]:
    await system.lose()
    expected = tally.delivered + WAITING
    for _ in range(WAITING):
        system.post(tally.post())

    async def posted() -> bool:  # the one who stayed has them all
        return tally.delivered >= expected

    problems = [] if await until(posted, seconds=PATIENCE) else ["the posts did not arrive"]
    roots = system.roots()
    cpu, own, started = cpu_seconds(roots), own_cpu_seconds(), time.perf_counter()
    await system.come_back()
    await until(tally.complete, seconds=PATIENCE, every=0.005)
    problems += tally.problems() + await system.settle()
    elapsed = time.perf_counter() - started
    spent, share = cpu_seconds(roots) - cpu, (own_cpu_seconds() - own) / elapsed * 100
    peak = peak_bytes(system.main_process()) / 2**20
    return [elapsed, spent / (clients * WAITING) * 1e6, peak, share], problems
