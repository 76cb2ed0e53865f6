"""Reads that a client repeats are joined, one at a time, and each gets its answer."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from uuid import uuid4

import pytest

from chat.entities.participants import Participant
from chat.errors import NotFound, Throttled
from chat.realtime import reads
from chat.realtime.reads import Bucket, Reader, What

TOWN, CREW = (What(uuid4(), None, threads=False) for _ in range(2))


class Marker:
    """Writes reads one by one, when the test lets it continue."""

    def __init__(self) -> None:
        self.marked: list[tuple[What, int]] = []
        self.under_way = 0
        self.most = 0
        self.begun = asyncio.Event()
        self._go = asyncio.Semaphore(0)

    async def __call__(self, what: What, seq: int) -> Participant:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.begun.set()
        await self._go.acquire()
        self.under_way -= 1
        self.marked.append((what, seq))
        if seq < 0:
            raise NotFound
        return cast(Participant, (what, seq))

    def go_on(self, times: int = 1) -> None:
        for _ in range(times):
            self._go.release()


def begin(reader: Reader, *reads: tuple[What, int]) -> list[asyncio.Task[Any]]:
    return [asyncio.create_task(reader.read(what, seq)) for what, seq in reads]


async def test_what_waits_for_its_turn_is_joined_and_the_farthest_counts() -> None:
    marker = Marker()
    reader = Reader(marker)
    first = begin(reader, (TOWN, 1))
    await marker.begun.wait()
    later = begin(reader, (TOWN, 5), (TOWN, 9), (TOWN, 7))
    marker.go_on(2)
    assert await asyncio.gather(*first, *later) == [(TOWN, 1), (TOWN, 9), (TOWN, 9), (TOWN, 9)]
    assert marker.marked == [(TOWN, 1), (TOWN, 9)]


async def test_one_is_under_way_however_many_different_ones_there_are() -> None:
    marker = Marker()
    reader = Reader(marker)
    thread = TOWN._replace(thread=uuid4())
    everything = TOWN._replace(threads=True)
    reads = begin(reader, (TOWN, 3), (CREW, 3), (thread, 3), (everything, 3))
    marker.go_on(4)
    await asyncio.gather(*reads)
    assert marker.marked == [(what, 3) for what in (TOWN, CREW, thread, everything)]
    assert marker.most == 1


async def test_a_refusal_is_the_answer_to_those_who_waited_for_it_alone() -> None:
    marker = Marker()
    reader = Reader(marker)
    refused, read = begin(reader, (CREW, -1), (TOWN, 2))
    marker.go_on(2)
    with pytest.raises(NotFound):
        await refused
    assert await read == (TOWN, 2)


async def test_a_socket_that_goes_away_takes_only_its_own_answer_along() -> None:
    marker = Marker()
    reader = Reader(marker)
    begin(reader, (CREW, 1))
    await marker.begun.wait()
    gone, stays = begin(reader, (TOWN, 4), (TOWN, 2))
    await asyncio.sleep(0)
    gone.cancel()
    marker.go_on(2)
    assert await stays == (TOWN, 4)


async def test_too_many_different_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "WAITING", 1)
    marker = Marker()
    reader = Reader(marker)
    tasks = begin(reader, (CREW, 1))
    await marker.begun.wait()
    tasks += begin(reader, (TOWN, 1))
    await asyncio.sleep(0)
    with pytest.raises(Throttled):
        await reader.read(CREW, 2)
    marker.go_on(2)
    assert await asyncio.gather(*tasks) == [(CREW, 1), (TOWN, 1)]


async def test_a_member_has_one_reader_on_a_node() -> None:
    marker, member = Marker(), uuid4()
    tasks = [asyncio.create_task(reads.read(member, TOWN, seq, mark=marker)) for seq in range(5)]
    await marker.begun.wait()
    marker.go_on(5)
    await asyncio.gather(*tasks)
    assert marker.most == 1
    assert marker.marked[-1] == (TOWN, 4)
    assert len(marker.marked) <= 2


def test_an_allowance_is_used_up_and_fills_up_again() -> None:
    bucket = Bucket(rate=10, most=2, now=100)
    assert [bucket.take(100), bucket.take(100)] == [0, 0]
    assert bucket.take(100) == pytest.approx(0.1)
    assert bucket.take(100.1) == pytest.approx(0.1)
    assert [bucket.take(200), bucket.take(200)] == [0, 0]
    assert bucket.take(200) == pytest.approx(0.1)
