"""Closed loops and pacing against a server that is a dictionary, and what a run reports of one that loses."""

from __future__ import annotations

import asyncio
import os

from tests.tools.bench import load
from tests.tools.bench.load import closed_loop, paced
from tests.tools.bench.tally import Tally


class Echo:
    """Delivers to everybody at the next turn of the loop, except the deliveries that it is set to lose."""

    name = "echo"

    def __init__(self, *, lose: int = 0, double: int = 0) -> None:
        self.lose, self.double = lose, double
        self.flying = self.most = 0

    def roots(self) -> list[int]:
        return [os.getpid()]

    async def connect(self, tally: Tally) -> None:
        self.tally = tally

    def post(self, number: int) -> None:
        self.flying += 1
        self.most = max(self.most, self.flying)
        asyncio.get_running_loop().call_later(0.002, self._deliver, number)

    async def settle(self) -> list[str]:
        return []

    def _deliver(self, number: int) -> None:
        self.flying -= 1
        for reader in range(self.tally.readers):
            if self.lose:
                self.lose -= 1
                continue
            self.tally.applied(reader, number)
            if self.double:
                self.double -= 1
                self.tally.applied(reader, number)


async def test_a_closed_loop_keeps_its_number_in_flight():
    system, tally = Echo(), Tally(5)
    await system.connect(tally)
    run = await closed_loop(system, tally, in_flight=4, seconds=0.1)
    assert system.most == 4
    assert run.problems == []
    assert run.deliveries == tally.posted * 5 >= 20
    assert 0.001 <= run.p50 <= run.p99


async def test_pacing_sends_at_the_rate_given():
    system, tally = Echo(), Tally(2)
    await system.connect(tally)
    run = await paced(system, tally, rate=100, seconds=0.2)
    assert (tally.posted, run.deliveries, run.problems) == (20, 40, [])


async def test_a_lost_delivery_is_reported_and_the_run_ends(monkeypatch):
    monkeypatch.setattr(load, "PATIENCE", 0.2)
    system, tally = Echo(lose=1), Tally(3)
    await system.connect(tally)
    run = await closed_loop(system, tally, in_flight=2, seconds=0.05)
    assert run.problems == ["1 deliveries lost"]


async def test_a_doubled_delivery_is_reported():
    system, tally = Echo(double=2), Tally(3)
    await system.connect(tally)
    run = await paced(system, tally, rate=100, seconds=0.05)
    assert run.problems == ["2 deliveries delivered twice"]


async def test_a_second_run_does_not_count_the_first():
    system, tally = Echo(), Tally(2)
    await system.connect(tally)
    first = await paced(system, tally, rate=100, seconds=0.1)
    second = await paced(system, tally, rate=100, seconds=0.1)
    assert (first.deliveries, second.deliveries) == (20, 20)
