from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from chat.client import outbox as module
from chat.client.api import ApiError, Unreachable
from chat.client.entities import Entity
from chat.client.outbox import Entry, Outbox, OutboxFull, OutboxStopped, full_jitter

Answer = Exception | None


def sending(answers: dict[str, list[Answer]]) -> tuple[Outbox, list[str]]:
    """An outbox whose server answers each text as listed, and then with the message. What was tried, in order."""
    tried: list[str] = []

    async def send(entry: Entry) -> Entity:
        tried.append(entry.text)
        answer = answers.get(entry.text, []).pop(0) if answers.get(entry.text) else None
        if answer is not None:
            raise answer
        return {"id": entry.ref, "text": entry.text}

    return Outbox(send, chance=random.Random(1)), tried


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)


async def test_order_is_kept_through_failures_that_pass() -> None:
    outbox, tried = sending({"one": [Unreachable(), ApiError(503, {}), ApiError(429, {}, 0.001)]})
    first, second = outbox.add("town", "one"), outbox.add("town", "two")
    await outbox.drain()
    assert tried == ["one"] * 4 + ["two"]
    assert (first.state, second.state, outbox.entries) == ("sent", "sent", {})
    assert first.message == {"id": first.ref, "text": "one"}


async def test_conversations_do_not_wait_for_each_other() -> None:
    outbox, tried = sending({"one": [Unreachable()] * 3})
    outbox.add("town", "one")
    outbox.add("hall", "two")
    await outbox.drain()
    assert tried.index("two") < len(tried) - 1


async def test_a_refusal_steps_aside_until_it_is_retried() -> None:
    outbox, tried = sending({"one": [ApiError(403, {"code": "forbidden", "detail": "no"})]})
    first, second = outbox.add("town", "one"), outbox.add("town", "two")
    await outbox.drain()
    assert (first.state, second.state, list(outbox.entries)) == ("failed", "sent", [first.ref])
    assert first.error is not None and first.error.code == "forbidden"
    outbox.retry(first.ref)
    await outbox.drain()
    assert (first.state, tried) == ("sent", ["one", "two", "one"])


async def test_what_is_discarded_is_not_sent() -> None:
    outbox, tried = sending({"one": [ApiError(403, {})]})
    first = outbox.add("town", "one")
    await outbox.drain()
    outbox.discard(first.ref)
    outbox.start()
    await outbox.drain()
    assert (tried, outbox.entries) == (["one"], {})


async def test_a_poke_ends_a_long_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 1000.0)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 1000.0)
    outbox, tried = sending({"one": [Unreachable()]})
    outbox.add("town", "one")
    for _ in range(10):  # turns of the loop, until it has tried and rests
        await asyncio.sleep(0)
    assert tried == ["one"]
    outbox.poke()
    async with asyncio.timeout(60):
        await outbox.drain()
    assert tried == ["one", "one"]


async def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    outbox, _ = sending({})
    outbox.add("town", "one")
    outbox.add("town", "two")
    with pytest.raises(OutboxFull):
        outbox.add("town", "three")
    await outbox.drain()


def test_pauses_are_random_below_a_bound_that_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    most: Callable[[int], float] = lambda failures: max(full_jitter(random.Random(n), failures) for n in range(300))  # noqa: E731
    assert [round(most(failures), 0) for failures in (1, 2, 3, 20)] == [1, 2, 4, 30]


async def test_a_ref_of_another_message_is_given_up_and_the_words_are_kept() -> None:
    outbox, tried = sending({"one": [ApiError(409, {"code": "conflict", "detail": "used"})]})
    entry = outbox.add("town", "one")
    before = entry.ref
    await outbox.drain()
    assert (entry.state, entry.text, list(outbox.entries)) == ("failed", "one", [entry.ref])
    assert entry.ref != before
    outbox.retry(entry.ref)
    await outbox.drain()
    assert (entry.state, tried, outbox.entries) == ("sent", ["one", "one"], {})


async def test_a_token_that_ended_is_no_refusal_of_the_message() -> None:
    outbox, tried = sending({"one": [ApiError(401, {"code": "not_authenticated"})]})
    entry = outbox.add("town", "one")
    await outbox.drain()
    assert (entry.state, tried) == ("sent", ["one", "one"])


JUMPS = [timedelta(minutes=5), timedelta(days=400)]


@pytest.mark.parametrize("jump", [*JUMPS, *(-jump for jump in JUMPS)])
async def test_the_order_is_that_of_writing_whatever_the_clock_says(jump: timedelta) -> None:
    """Entries come back from a store in no order; the clock jumped between them."""
    outbox, _ = sending({})
    await outbox.stop()
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for number in range(10):
        with time_machine.travel(start + number * jump, tick=True):
            outbox.add("town", f"m{number}")
    kept = sorted(outbox.entries.values(), key=lambda entry: entry.ref)
    await outbox.stop()
    tried: list[str] = []

    async def send(entry: Entry) -> Entity:
        tried.append(entry.text)
        return {}

    with time_machine.travel(start - jump, tick=True):
        after = Outbox(send, entries=kept, chance=random.Random(1))
        after.add("town", "m10")
        await after.drain()
    assert tried == [f"m{number}" for number in range(11)]


@pytest.mark.parametrize("jump", [*JUMPS, *(-jump for jump in JUMPS)])
async def test_a_pause_ends_though_the_clock_jumps(jump: timedelta) -> None:
    outbox, tried = sending({"one": [Unreachable()] * 5})
    start = datetime(2026, 3, 1, tzinfo=UTC)
    with time_machine.travel(start, tick=True) as traveller:
        entry = outbox.add("town", "one")
        while len(tried) < 3:  # noqa: ASYNC110  # what is tried raises no event here
            await asyncio.sleep(0)
        traveller.move_to(start + jump)
        async with asyncio.timeout(60):
            await outbox.drain()
    assert (entry.state, len(tried)) == ("sent", 6)


async def test_nobody_waits_for_an_outbox_that_has_stopped() -> None:
    outbox, _ = sending({"one": [Unreachable()] * 1000})
    outbox.add("town", "one")
    draining = asyncio.create_task(outbox.drain())
    await asyncio.sleep(0)
    await outbox.stop()
    with pytest.raises(OutboxStopped):
        await draining


async def test_a_failure_that_nobody_expects_reaches_who_waits() -> None:
    outbox, _ = sending({"one": [RuntimeError("a fault of ours")]})
    outbox.add("town", "one")
    with pytest.raises(OutboxStopped) as stopped:
        await outbox.drain()
    assert isinstance(stopped.value.__cause__, RuntimeError)
