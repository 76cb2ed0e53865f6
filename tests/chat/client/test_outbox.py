from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from chat.client import outbox as module
from chat.client.api import ApiError, Unreachable
from chat.client.outbox import Entry, Outbox, OutboxFull, full_jitter
from chat.client.store import Entity

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
    async with asyncio.timeout(10):
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
