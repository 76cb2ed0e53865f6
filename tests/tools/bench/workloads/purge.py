"""A million undelivered entries of clients that were last seen long ago are purged, in bounded batches, while people
chat: rows a second, and what a post takes before and meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg
import uvloop

from tests.support.stack import ROOT
from tests.tools.bench.accounting import pinned
from tests.tools.bench.bench import Bench, Workload, record
from tests.tools.bench.data import copied
from tests.tools.bench.figures import percentile
from tests.tools.bench.systems.base import until
from tests.tools.bench.systems.parley import Parley, make_accounts
from tests.tools.bench.tally import Tally

STALE, EACH, LIVE = 125, 8_000, 50  # fewer each than a mailbox may hold, or they would be emptied before
NO_EVENT = 0  # what the stale entries point to
EVERY = 0.02  # seconds between two posts
CALM = 4.0  # seconds of traffic before the purge
PURGE = """
import time, django
django.setup()
from accounts.tenancy import every_organization
from chat.actions.purge import PURGES
print("ready", flush=True)
input()
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
        system.accounts = make_accounts("purge", LIVE)
        with system.running():
            uvloop.run(_measure(bench, workload, system))


async def _measure(bench: Bench, workload: Workload, system: Parley) -> None:
    tally = Tally(LIVE)
    await system.connect(tally)
    runs = [await _purge(system, tally) for _ in range(bench.repeats)]
    p99 = _p99(run.calm for run in runs), _p99(run.purged for run in runs)
    metrics = {
        "rows/s": [STALE * EACH / run.seconds for run in runs],
        "p99 ms before": [p99[0] * 1000],
        "p99 ms during": [p99[1] * 1000],
        "ratio": [p99[1] / p99[0]],
    }
    problems = sorted({problem for run in runs for problem in run.problems}) + await system.settle()
    record(workload, "1,000,000 entries", system.name, metrics, problems)
    await system.disconnect()


@dataclass(frozen=True)
class Run:
    """One purge: how long it took, and seconds from the send to each application before and meanwhile."""

    seconds: float
    calm: Sequence[float]
    purged: Sequence[float]
    problems: Sequence[str]


def _p99(runs: Iterable[Sequence[float]]) -> float:
    """Of all runs together: one alone has a hundred posts, and the worst of them would be its figure."""
    return percentile(sorted(latency for run in runs for latency in run), 0.99)


async def _purge(system: Parley, tally: Tally) -> Run:
    await asyncio.to_thread(_make_stale, system.whole.postgres.url(), system.accounts[0].client)
    posting = asyncio.create_task(_post(system, tally))
    purge = await asyncio.to_thread(_start_purge, system)
    first = len(tally.latencies)
    await asyncio.sleep(CALM)
    calm = len(tally.latencies)
    said, _ = await asyncio.to_thread(purge.communicate, "go\n")
    during = tally.latencies[calm:]
    posting.cancel()
    await until(tally.complete, seconds=20)
    removed, seconds = said.splitlines()[-1].split()
    left = await asyncio.to_thread(_count_stale, system.whole.postgres.url())
    problems = tally.problems() + ([f"{left} entries are left"] if left else [])
    problems += [] if int(removed) == STALE else [f"{removed} clients were purged, not {STALE}"]
    return Run(float(seconds), tally.latencies[first:calm], during, problems)


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
            "recent": "'{}'",
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
        connection.execute(statement, [STALE, client, NO_EVENT, EACH])
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CHECKPOINT")  # else everybody's commits wait for the disk, which has it all to write yet


def _count_stale(database: str) -> int:
    """Entries that point to the event that only stale clients were given."""
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM chat_mailboxentry WHERE event_id = %s", [NO_EVENT]).fetchone()
    return int(row[0]) if row else 0


def _start_purge(system: Parley) -> subprocess.Popen[str]:
    """A process of its own on the server's core, as Celery's workers are: started, and waiting for its turn."""
    with pinned(system.cores.server):
        process = subprocess.Popen(
            [sys.executable, "-c", PURGE],
            env={**os.environ, **system.whole.settings},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    if process.stdout is None or process.stdout.readline() != "ready\n":
        raise RuntimeError("the purge did not start")
    return process
