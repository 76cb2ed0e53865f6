"""A million stale entries purged under live traffic: `python -m tests.tools.chaos.purge`. Prints one line of JSON.

100 clients that were last seen long ago hold 10,000 entries each; meanwhile somebody posts ten times a second to 50
clients that are connected. Says how many rows a second went and how long a post took to be answered, before and
during the purge.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
import uuid
from statistics import quantiles

import httpx

from tests.support.client import Account, ChatClient
from tests.support.stack import Stack, stack

STALE, EACH, LIVE = 100, 10_000, 50
EVERY = 0.1  # seconds between two posts
CALM = 8.0  # seconds of traffic before the purge


def main() -> int:
    with stack(durable=True, MESSAGE_RATE="100000") as whole:
        os.environ.update(whole.settings)
        accounts = _rows()
        node = whole.start_node()
        clients = [
            ChatClient(account, [node.address], random.Random(number)) for number, account in enumerate(accounts)
        ]
        figures = asyncio.run(_measure(whole, clients))
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["left"] == 0 else 1


def _rows() -> list[Account]:
    import django

    django.setup()
    from django.db import connection

    from tests.support.people import accounts_of, make_people, make_room

    organization, members, secrets = make_people("acme", LIVE)
    room = make_room("general", members)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH stale AS ("
            " INSERT INTO chat_client (organization_id, public_id, member_id, platform, label, credential, tag,"
            " last_seen_at, created_at)"
            " SELECT %s, gen_random_uuid(), (%s::uuid[])[1 + n %% %s], 'web', '', 'test', %s,"
            " now() - interval '1 year', now()"
            " FROM generate_series(1, %s) AS n RETURNING id)"
            " INSERT INTO chat_mailboxentry (client_id, tag, event_id)"
            " SELECT s.id, tag, 1 FROM stale s, generate_series(1, %s) AS tag",
            [organization.pk, [member.pk for member in members], LIVE, EACH, STALE, EACH],
        )
    connection.close()
    return accounts_of("acme", secrets, [[str(room.pk)]] * LIVE)


async def _measure(whole: Stack, clients: list[ChatClient]) -> dict[str, float]:
    async with httpx.AsyncClient() as http:
        lives = [asyncio.create_task(client.run(http)) for client in clients]
        while not all(client.connected for client in clients):  # noqa: ASYNC110  # a test program has the time
            await asyncio.sleep(0.1)
        times: list[float] = []
        posting = asyncio.create_task(_post(clients[0], times))
        await asyncio.sleep(CALM)
        calm, started = len(times), time.monotonic()
        said = await asyncio.to_thread(whole.manage, "purge", "stale_clients")
        took = time.monotonic() - started
        during = times[calm:]
        posting.cancel()
        for life in lives:
            life.cancel()
        await asyncio.gather(posting, *lives, return_exceptions=True)
    left = await asyncio.to_thread(whole.manage, "purge", "--dry-run", "stale_clients")
    return {
        "entries": STALE * EACH,
        "seconds": round(took, 2),  # the start of the command included
        "rows_per_second": round(STALE * EACH / took),
        "p99_ms_before": _p99(times[:calm]),
        "p99_ms_during": _p99(during),
        "gone": int(said.split()[1]),
        "left": int(left.split()[1]),
    }


async def _post(client: ChatClient, times: list[float]) -> None:
    while True:
        started = time.monotonic()
        await client.send(client.account.conversations[0], "hello", str(uuid.uuid4()))
        times.append(time.monotonic() - started)
        await asyncio.sleep(EVERY)


def _p99(times: list[float]) -> float:
    return round(quantiles(times, n=100)[98] * 1000, 1) if len(times) > 1 else 0.0


if __name__ == "__main__":
    sys.exit(main())
