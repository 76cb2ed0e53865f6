"""From the send to everybody having applied it: 500 clients at 20 messages a second, and direct messages one by one.

The first is the fan-out at 20/s, measured in the same run where it was measured already.
"""

from __future__ import annotations

import uvloop

from tests.tools.bench.bench import Bench, Workload, metrics_of, problems_of, record
from tests.tools.bench.load import closed_loop
from tests.tools.bench.systems.base import System
from tests.tools.bench.systems.parley import make_accounts
from tests.tools.bench.tally import Tally
from tests.tools.bench.workloads import fanout

TWO = 2  # people of a direct message; both have the conversation open
SECONDS = 1.0
CASE = "direct"


def run(bench: Bench) -> None:
    with bench.workload("latency") as workload:
        measured = bench.find("fanout")
        if measured is None:
            fanout.measure(bench, workload, only="20/s")
        else:
            workload.lines += [line for line in measured.lines if line.case == "20/s"]
        for system in bench.systems_for(lambda: make_accounts("direct", TWO)):
            with bench.excused(workload, system), system.running():
                uvloop.run(_direct(bench, workload, system))


async def _direct(bench: Bench, workload: Workload, system: System) -> None:
    tally = Tally(TWO, capacity=100_000)
    await system.connect(tally)
    await closed_loop(system, tally, in_flight=1, seconds=SECONDS)
    runs = [await closed_loop(system, tally, in_flight=1, seconds=SECONDS) for _ in range(bench.repeats)]
    record(workload, CASE, system.name, metrics_of(runs), problems_of(runs))
    await system.disconnect()
