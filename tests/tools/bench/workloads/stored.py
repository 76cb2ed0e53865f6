"""What becomes of reading and posting when a hundred times as much is stored: 10 thousand messages and 1 million.

`sync`: a member of 200 conversations, first sync and a delta of 20 changes. `history`: a page of 50 by `seq` and a
two-word search. `growth`: posts at both sizes, and the fan-out at 50, 500 and 5,000 clients.
"""

from __future__ import annotations

import http.client
import json
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import psycopg
import uvloop

from tests.tools.bench.accounting import Noise, cpu_seconds
from tests.tools.bench.bench import Bench, Workload, metrics_of, problems_of, record
from tests.tools.bench.data import Archive, make_archive, store, word_of
from tests.tools.bench.figures import percentile
from tests.tools.bench.load import closed_loop
from tests.tools.bench.systems.parley import Parley, make_accounts
from tests.tools.bench.tally import Tally
from tests.tools.bench.workloads import posts

SMALL, LARGE = 10_000, 1_000_000
NAMES = {SMALL: "10 thousand", LARGE: "1 million"}
REQUESTS = 12  # in a repeat, after as many to warm up
CHANGES = 20
HISTORY_PAGE = 50
SEARCH = (30, 60)  # ranks of the two words: together in some thousand of a million messages
SIZES = (50, 500, 5000)
FANOUT_SECONDS = 1.5


def run(bench: Bench, wanted: frozenset[str]) -> None:
    """`wanted`: of sync, history and growth; they share what is stored."""
    if not bench.wants("parley"):
        return
    archive = make_archive_on(bench)
    with _timed(bench, wanted) as workloads:
        for size in (SMALL, LARGE):
            if size == SMALL and not wanted & {"sync", "growth"}:
                continue
            store(bench.parley.whole.postgres.url(), archive, size)
            if "growth" in wanted:
                posts.measure(bench, workloads["growth"], f"posts, {NAMES[size]}")
            if wanted & {"sync", "history"}:
                with bench.parley.running():
                    _read(bench, workloads, archive, size)
        if "growth" in wanted:
            _grow(bench, workloads["growth"])


def make_archive_on(bench: Bench) -> Archive:
    assert bench.parley  # its engines are what the models below write to
    return make_archive()


@contextmanager
def _timed(bench: Bench, wanted: frozenset[str]) -> Iterator[dict[str, Workload]]:
    started, noise = time.monotonic(), Noise()
    workloads: dict[str, Workload] = {name: bench.add(name) for name in ("sync", "history", "growth") if name in wanted}
    yield workloads
    for workload in workloads.values():  # they cannot be told apart: what is stored serves all of them
        workload.others = noise.share()
        workload.seconds = round((time.monotonic() - started) / len(workloads), 1)


# --- Reading ------------------------------------------------------------------------------------------


class Rest:
    """One person's connection to the REST API, kept open as a browser does."""

    def __init__(self, system: Parley, archive: Archive) -> None:
        self.system, self.archive = system, archive
        self.http = http.client.HTTPConnection("127.0.0.1", system.whole.nodes[0].port, timeout=60)
        self.headers = {"Authorization": f"Bearer {archive.member.token}"}

    def get(self, path: str) -> Any:
        return json.loads(self.raw("GET", path))

    def raw(self, method: str, path: str, body: str | None = None) -> bytes:
        headers = self.headers | ({"Content-Type": "application/json"} if body else {})
        self.http.request(method, f"/o/{self.archive.member.slug}/api/v1/{path}", body=body, headers=headers)
        answer = self.http.getresponse()
        content = answer.read()
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return content


def _read(bench: Bench, workloads: dict[str, Workload], archive: Archive, size: int) -> None:
    rest = Rest(bench.parley, archive)
    if "sync" in workloads:
        first = _measured(bench, rest, lambda: "sync")
        record(workloads["sync"], f"first, {NAMES[size]}", "Parley", first)
        cursor, changed = _change(rest)
        delta = _measured(bench, rest, lambda: f"sync?cursor={cursor}")
        record(workloads["sync"], f"delta, {NAMES[size]}", "Parley", delta, changed)
    if "history" in workloads and size == LARGE:
        chance = random.Random(7)
        last = size // len(archive.rooms)

        def page() -> str:
            before = chance.randint(HISTORY_PAGE + 2, last)
            return f"conversations/{chance.choice(archive.rooms)}/messages?before={before}&limit={HISTORY_PAGE}"

        wrong = [] if len(rest.get(page())["results"]) == HISTORY_PAGE else ["a page of history is not full"]
        record(workloads["history"], "a page of 50", "Parley", _measured(bench, rest, page), wrong)
        each = _bytes_of_a_message(bench.parley.whole.postgres.url())
        record(workloads["history"], "stored", "Parley", {"bytes/message": [each]})
        question = "search?q=" + quote(" ".join(word_of(rank) for rank in SEARCH))
        wrong = [] if rest.get(question)["results"] else ["the search found nothing"]
        record(workloads["history"], "two-word search", "Parley", _measured(bench, rest, lambda: question), wrong)


def _bytes_of_a_message(database: str) -> float:
    """With its event, its place in every index, and the room that PostgreSQL leaves for changes."""
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT (pg_total_relation_size('chat_message') + pg_total_relation_size('chat_event'))::float"
            " / (SELECT count(*) FROM chat_message)"
        ).fetchone()
    return float(row[0]) if row else 0.0


def _change(rest: Rest) -> tuple[str, list[str]]:
    """Twenty messages in as many conversations. Returns the cursor from before and whether a delta tells them all."""
    cursor = quote(_drain(rest, "sync"))
    for room in rest.archive.rooms[:CHANGES]:
        rest.raw("POST", f"conversations/{room}/messages", json.dumps({"ref": str(uuid.uuid4()), "text": "changed"}))
    told = sum(message["text"] == "changed" for message in rest.get(f"sync?cursor={cursor}")["messages"])
    return cursor, [] if told == CHANGES else [f"{told} of {CHANGES} changes in the delta"]


def _drain(rest: Rest, path: str) -> str:
    """The cursor once there is no more."""
    answer = rest.get(path)
    while answer["more"]:
        answer = rest.get(f"sync?cursor={quote(answer['cursor'])}")
    return str(answer["cursor"])


def _measured(bench: Bench, rest: Rest, path: Callable[[], str]) -> dict[str, list[float]]:
    figures: dict[str, list[float]] = {"p50 ms": [], "p99 ms": [], "ms CPU": [], "database %": []}
    database = rest.system.database_roots()
    for repeat in range(bench.repeats + 1):
        times, cpu, stored = [], cpu_seconds(rest.system.roots()), cpu_seconds(database)
        for _ in range(REQUESTS):
            started = time.perf_counter()
            rest.raw("GET", path())
            times.append((time.perf_counter() - started) * 1000)
        if repeat:  # the first one is to warm up
            ordered = sorted(times)
            figures["p50 ms"].append(percentile(ordered, 0.5))
            figures["p99 ms"].append(percentile(ordered, 0.99))
            spent = cpu_seconds(rest.system.roots()) - cpu
            figures["ms CPU"].append(spent / REQUESTS * 1000)
            figures["database %"].append((cpu_seconds(database) - stored) / spent * 100 if spent else 0.0)
    return figures


# --- Growth of the fan-out ----------------------------------------------------------------------------


def _grow(bench: Bench, workload: Workload) -> None:
    for size in SIZES:
        bench.parley.accounts = make_accounts(f"growth-{size}", size)
        with bench.parley.running():
            uvloop.run(_fan_out(bench, workload, size))


async def _fan_out(bench: Bench, workload: Workload, size: int) -> None:
    system, tally = bench.parley, Tally(size, capacity=20_000)
    await system.connect(tally)
    await closed_loop(system, tally, in_flight=8, seconds=0.5)
    runs = [await closed_loop(system, tally, in_flight=8, seconds=FANOUT_SECONDS) for _ in range(bench.repeats)]
    record(workload, f"fanout, {size:,}", system.name, metrics_of(runs), problems_of(runs))
    await system.disconnect()
