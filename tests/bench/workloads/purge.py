"""A million undelivered entries of clients that were last seen long ago are purged, in bounded batches, while people
chat: rows a second, and what a post takes before and meanwhile.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import LiteralString, cast

import psycopg
import uvloop

from tests.bench.accounting import pinned
from tests.bench.bench import Bench, Workload, record
from tests.bench.data import copied
from tests.bench.figures import percentile
from tests.bench.systems.base import until
from tests.bench.systems.parley import Parley, take_seats
from tests.bench.tally import Tally
from tests.support.stack import ROOT

STALE, EACH, LIVE = 100, 10_000, 50
NO_EVENT = 0  # what the stale entries point to
EVERY = 0.02  # seconds between two posts
CALM = 2.0  # seconds of traffic before the purge
PURGE = """
import time, django
django.setup()
from accounts.tenancy import every_organization
from chat.actions.purge import PURGES
started = time.monotonic()
with every_organization():
    removed = PURGES["stale_clients"].run()
print(removed, time.monotonic() - started)
"""


def run(bench: Bench) -> None:
    if not bench.wants("parley"):
        return
    with bench.workload("purge") as workload:
        system = bench.parley
        system.seats = take_seats("purge", LIVE)
        with system.running():
            uvloop.run(_measure(bench, workload, system))


async def _measure(bench: Bench, workload: Workload, system: Parley) -> None:
    tally = Tally(LIVE)
    await system.connect(tally)
    runs = [await _purge(system, tally) for _ in range(bench.repeats)]
    names = ("rows/s", "p99 ms before", "p99 ms during", "ratio")
    metrics = {name: [figures[at] for figures, _ in runs] for at, name in enumerate(names)}
    problems = sorted({problem for _, some in runs for problem in some}) + await system.settle()
    record(workload, "1,000,000 entries", system.name, metrics, problems)
    await system.disconnect()


async def _purge(system: Parley, tally: Tally) -> tuple[list[float], list[str]]:
    await asyncio.to_thread(_make_stale, system.whole.postgres.url(), system.seats[0].client)
    posting = asyncio.create_task(_post(system, tally))
    first = len(tally.latencies)
    await asyncio.sleep(CALM)
    calm = len(tally.latencies)
    removed, seconds = (await asyncio.to_thread(_run_purge, system)).split()
    during = sorted(tally.latencies[calm:])
    posting.cancel()
    await until(tally.complete, seconds=20)
    before = sorted(tally.latencies[first:calm])
    p99 = percentile(before, 0.99) * 1000, percentile(during, 0.99) * 1000
    left = await asyncio.to_thread(_count_stale, system.whole.postgres.url())
    problems = tally.problems() + ([f"{left} entries are left"] if left else [])
    problems += [] if int(removed) == STALE else [f"{removed} clients were purged, not {STALE}"]
    return [STALE * EACH / float(seconds), *p99, p99[1] / p99[0]], problems


async def _post(system: Parley, tally: Tally) -> None:
    while True:
        system.post(tally.post())
        await asyncio.sleep(EVERY)


def _make_stale(database: str, client: str) -> None:
    """Clients with full mailboxes, which nobody has connected for a year."""
    with psycopg.connect(database) as connection:
        given = {
            "id": "nextval(pg_get_serial_sequence('chat_client', 'id'))",
            "public_id": "gen_random_uuid()",
            "tag": str(EACH),
            "node_id": "NULL",
            "last_seen_at": "now() - interval '1 year'",
        }
        columns, values = copied(connection, "chat_client", given, identity=True)
        statement = (
            f"WITH stale AS (INSERT INTO chat_client ({columns}) SELECT {values} FROM generate_series(1, %s),"  # noqa: S608
            " chat_client t WHERE t.public_id = %s RETURNING id)"
            " INSERT INTO chat_mailboxentry (client_id, tag, event_id)"
            " SELECT s.id, tag, %s FROM stale s, generate_series(1, %s) AS tag"
        )
        connection.execute(cast(LiteralString, statement), [STALE, client, NO_EVENT, EACH])


def _count_stale(database: str) -> int:
    """Entries that point to the event that only stale clients were given."""
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM chat_mailboxentry WHERE event_id = %s", [NO_EVENT]).fetchone()
    return int(row[0]) if row else 0


def _run_purge(system: Parley) -> str:
    """In a process of its own, as Celery does it, on the server's core. Its start is not counted."""
    import os

    with pinned(system.cores.server):
        done = subprocess.run(
            [sys.executable, "-c", PURGE],
            env={**os.environ, **system.whole.settings},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    return done.stdout.splitlines()[-1]
