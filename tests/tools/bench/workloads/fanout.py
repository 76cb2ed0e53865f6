"""One conversation, 500 connected clients: closed loops with 8, 32 and 1 messages in flight, and 20 messages a second.

Every delivery is applied and acked, and with Parley stored. The paced case is the latency that people feel.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial

import uvloop

from tests.tools.bench.bench import Bench, Workload, metrics_of, problems_of, record
from tests.tools.bench.load import Run, closed_loop, paced
from tests.tools.bench.systems.base import System
from tests.tools.bench.systems.parley import make_accounts
from tests.tools.bench.tally import Tally

READERS = 500
IN_FLIGHT = (8, 32, 1)
SECONDS = 1.5  # a repeat
WARM_UP = 1.0
PACE = 20.0  # messages a second
PACED_SECONDS = 2.0

Case = Callable[[System, Tally], Coroutine[None, None, Run]]


def cases() -> dict[str, Case]:
    closed: dict[str, Case] = {
        f"{count} in flight": partial(closed_loop, in_flight=count, seconds=SECONDS) for count in IN_FLIGHT
    }
    return closed | {"20/s": partial(paced, rate=PACE, seconds=PACED_SECONDS)}


def run(bench: Bench) -> None:
    with bench.workload("fanout") as workload:
        measure(bench, workload)


def measure(bench: Bench, workload: Workload, *, only: str = "") -> None:
    """All cases, or one of them, for everybody who was asked for."""
    for system in bench.systems_for(lambda: make_accounts(f"fanout-{len(bench.workloads)}", READERS)):
        with bench.excused(workload, system), system.running():
            uvloop.run(_measure(bench, workload, system, only))


async def _measure(bench: Bench, workload: Workload, system: System, only: str) -> None:
    tally = Tally(READERS)
    await system.connect(tally)
    await closed_loop(system, tally, in_flight=8, seconds=WARM_UP)
    for name, case in cases().items():
        if only in {"", name} and name not in getattr(system, "left_out", ()):
            runs = [await case(system, tally) for _ in range(bench.repeats)]
            record(workload, name, system.name, metrics_of(runs), problems_of(runs))
    await system.disconnect()
