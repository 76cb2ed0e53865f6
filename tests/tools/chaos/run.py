"""Nothing is lost, whatever breaks: `python -m tests.tools.chaos.run --minutes 5 --clients 300 --seed 7`.

Two nodes on one PostgreSQL and one Valkey, clients that are thrown out at random, and, spread over the run: a node
killed without warning, Valkey gone and back empty, PostgreSQL restarted, a node stopped and replaced, wake-ups
dropped throughout, workers of the followers killed one after the other. At the end every client must have applied
exactly what the database entitles it to, in tag order, nothing twice; and the followers must have handled each event
once: every mention is recorded, and nothing else is. Prints one line of JSON; exits with 1 when a single thing is
wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from tests.support.client import Account, ChatClient
from tests.support.stack import Stack, stack
from tests.tools.chaos import browsers
from tests.tools.chaos.faults import Report, ServerFaults, WorkerFaults

ROOM_SIZE = 25  # members of a room; everybody sits in two of them and in the one for all
SETTLE = 60.0  # seconds for everybody to catch up once the faults are over


@dataclass
class Plan:
    clients: int = 300
    seconds: float = 60.0
    seed: int = 1
    disconnects: float = 0.10  # share of the clients per second
    drop_wakeups: float = 0.2
    posts: float = 20.0  # per second, over all clients
    valkey_gone: float = 20.0  # seconds
    workers: int = 2  # of the followers
    workers_live: float = 6.0  # seconds between two kills of a worker: it needs about two to start
    backend: str = "postgres"


def run(plan: Plan) -> Report:
    with stack(
        durable=True,
        FAULT_DROP_WAKEUPS=str(plan.drop_wakeups),
        MAILBOX_BACKEND=plan.backend,
        MESSAGE_RATE="100000",
        SOCKET_HEARTBEAT="2",
    ) as whole:
        os.environ.update(whole.settings)
        accounts = _people(plan)
        whole.start_node()
        whole.start_node()
        for _ in range(plan.workers):
            whole.start_worker()
        return asyncio.run(_Chaos(plan, whole, accounts).run())


def _people(plan: Plan) -> list[Account]:
    import django

    django.setup()
    from django.db import connection

    from tests.support.people import accounts_of, make_people, make_room

    chance = random.Random(plan.seed)
    _, members, secrets = make_people("acme", plan.clients)
    everybody = make_room("everybody", members)
    rooms: list[list[str]] = [[str(everybody.pk)] for _ in members]
    for turn in range(2):
        order = list(range(len(members)))
        chance.shuffle(order)
        for at in range(0, len(order), ROOM_SIZE):
            some = order[at : at + ROOM_SIZE]
            room = make_room(f"room-{turn}-{at}", [members[number] for number in some])
            for number in some:
                rooms[number].append(str(room.pk))
    connection.close()
    return accounts_of("acme", secrets, rooms)


_FOLLOWERS_FAULTS = (
    "events not handled",
    "events handled more than once",
    "events set aside",
    "mentions without a record",
    "records without a mention",
)
_FOLLOWED = """
WITH wanted AS (
    SELECT m.id, named FROM chat_message m CROSS JOIN LATERAL unnest(m.mentions) AS named WHERE named <> m.author_id
), events AS (
    SELECT count(*) AS count FROM chat_event WHERE type IN ('message.created', 'message.updated', 'message.deleted')
), handled AS (
    SELECT coalesce(sum(handled), 0)::bigint AS count FROM chat_followerqueue WHERE follower_id = 'attention'
), recorded AS (
    SELECT message_id, member_id FROM chat_attention WHERE reason = 'mention' AND withdrawn_at IS NULL
)
SELECT handled.count, (SELECT count(*) FROM wanted),
    greatest(events.count - handled.count, 0), greatest(handled.count - events.count, 0),
    (SELECT count(*) FROM chat_setasideevent),
    (SELECT count(*) FROM wanted w WHERE NOT EXISTS (
        SELECT FROM recorded r WHERE r.message_id = w.id AND r.member_id = w.named)),
    (SELECT count(*) FROM recorded r WHERE NOT EXISTS (
        SELECT FROM wanted w WHERE w.id = r.message_id AND w.named = r.member_id))
FROM events, handled
"""


class _Chaos:
    def __init__(self, plan: Plan, whole: Stack, accounts: list[Account]) -> None:
        self.plan, self.whole = plan, whole
        self.chance = random.Random(plan.seed)
        self.nodes = [node.address for node in whole.nodes]
        self.clients = [ChatClient(account, self.nodes, random.Random(self.chance.random())) for account in accounts]
        self.sent: dict[str, dict[str, Any]] = {}
        self.refused: list[str] = []
        self.faults = ServerFaults(whole, self.chance, seconds=plan.seconds, valkey_gone=plan.valkey_gone)
        self.kills = WorkerFaults(whole, self.chance, seconds=plan.seconds, pause=plan.workers_live)
        self.sending: set[asyncio.Task[None]] = set()

    async def run(self) -> Report:
        limits = httpx.Limits(max_connections=50, max_keepalive_connections=0)
        async with httpx.AsyncClient(limits=limits) as http:
            for at in range(0, len(self.clients), 50):
                await asyncio.gather(*(client.register(http) for client in self.clients[at : at + 50]))
            lives = [asyncio.create_task(client.run(http)) for client in self.clients]
            started = time.monotonic()
            await asyncio.gather(self._disconnect(), self._post(), self.faults.run(), self.kills.run())
            faulty = time.monotonic() - started
            await asyncio.wait_for(asyncio.gather(*self.sending), SETTLE)
            settled = await self._settle()
            report = self._judge()
            report.figures |= {"seconds": round(faulty, 1), "settled_in": round(settled, 1)}
            await self._judge_followers(report)
            for life in lives:
                life.cancel()
            await asyncio.gather(*lives, return_exceptions=True)
            return report

    # --- Faults -------------------------------------------------------------------------------------

    async def _disconnect(self) -> None:
        deadline = time.monotonic() + self.plan.seconds
        while time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            for client in self.clients:
                if self.chance.random() < self.plan.disconnects / 10:
                    client.disconnect()

    async def _post(self) -> None:
        deadline, number = time.monotonic() + self.plan.seconds, 0
        while time.monotonic() < deadline:
            await asyncio.sleep(self.chance.expovariate(self.plan.posts))
            number += 1
            task = asyncio.create_task(self._send(self.chance.choice(self.clients), number))
            self.sending.add(task)
            task.add_done_callback(self.sending.discard)

    async def _send(self, client: ChatClient, number: int) -> None:
        ref = str(uuid.UUID(int=self.chance.getrandbits(128)))
        text = f"message {number} @m{self.chance.randrange(self.plan.clients)}"
        answer = await client.send(self.chance.choice(client.account.conversations), text, ref)
        if answer["op"] == "result":
            self.sent[ref] = answer["message"]
        else:
            self.refused.append(json.dumps(answer))

    # --- The end of it ------------------------------------------------------------------------------

    async def _settle(self) -> float:
        """Wait until everybody shows what is in the database, or time is up: then `_judge` says what is wrong."""
        started = time.monotonic()
        wanted = self._entitled()
        while time.monotonic() - started < SETTLE:
            if all(set(client.messages) == wanted[client.account.token] for client in self.clients):
                break
            await asyncio.sleep(0.2)
        return time.monotonic() - started

    def _entitled(self) -> dict[str, set[str]]:
        """By token, what the database says: the messages of every conversation that its member takes part in."""
        with psycopg.connect(self.whole.postgres.url()) as connection:
            rows = connection.execute("SELECT conversation_id::text, array_agg(id::text) FROM chat_message GROUP BY 1")
            messages: dict[str, list[str]] = dict(rows.fetchall())
        return {
            client.account.token: {id for room in client.account.conversations for id in messages.get(room, ())}
            for client in self.clients
        }

    async def _judge_followers(self, report: Report) -> None:
        """Wait until the followers have handled every event, then compare what they recorded with what was written."""
        started = time.monotonic()
        handled, mentions, *faults = self._followed()
        while any(faults) and time.monotonic() - started < SETTLE:
            await asyncio.sleep(0.2)
            handled, mentions, *faults = self._followed()
        report.figures |= {
            "handled": handled,
            "mentions": mentions,
            "workers_killed": self.kills.killed,
            "followed_in": round(time.monotonic() - started, 1),
        }
        named = zip(_FOLLOWERS_FAULTS, faults, strict=True)
        report.problems += [f"followers: {name}: {count}" for name, count in named if count]

    def _followed(self) -> list[int]:
        """Return how many events were handled, how many mentions there are, and the counts of _FOLLOWERS_FAULTS."""
        with psycopg.connect(self.whole.postgres.url()) as connection:
            row = connection.execute(_FOLLOWED).fetchone()
        assert row is not None
        return list(row)

    def _judge(self) -> Report:
        wanted, report = self._entitled(), Report()
        stored = {id for ids in wanted.values() for id in ids}
        for number, client in enumerate(self.clients):
            own, twice = wanted[client.account.token], Counter(client.shown)
            facts: dict[str, Collection[Any]] = {
                "missing": own - set(client.messages),
                "not theirs": set(client.messages) - own,
                "shown twice": {shown for shown, times in twice.items() if times > 1},
                "out of order": [
                    pair for pair in zip(client.applied, client.applied[1:], strict=False) if pair[0] >= pair[1]
                ],
                "server faults": client.faults,
            }
            report.problems += [
                f"client {number}: {name}: {len(what)} {list(what)[:3]}" for name, what in facts.items() if what
            ]
        report.problems += self.refused + self.faults.complaints
        report.problems += [
            f"answered but not stored: {ref}" for ref, sent in self.sent.items() if sent["id"] not in stored
        ]
        report.figures = {
            "clients": len(self.clients),
            "messages": len(stored),
            "deliveries": sum(len(client.messages) for client in self.clients),
            "tag": max(client.tag for client in self.clients),
            "resyncs": sum(client.resyncs for client in self.clients),
            "closes": dict(sum((Counter(client.closes) for client in self.clients), Counter())),
            "seed": self.plan.seed,
        }
        if self.plan.backend == "valkey" and not report.figures["resyncs"]:
            report.problems.append("Valkey was emptied and nobody was told to resync")
        if len(stored) != len(self.sent):
            report.problems.append(f"{len(self.sent)} were answered, {len(stored)} are stored")
        return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", default="python", choices=["python", "js"], help="js: the browser's, under Node")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--clients", type=int, help="300, and 60 of the browser's")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--backend", default="postgres", choices=["postgres", "valkey"])
    given = parser.parse_args()
    report = _run_browsers(given) if given.library == "js" else _run_wires(given)
    sys.stdout.write(json.dumps(report.figures | {"problems": len(report.problems)}) + "\n")
    for problem in report.problems[:20]:
        sys.stdout.write(problem + "\n")
    return 1 if report.problems else 0


def _run_wires(given: argparse.Namespace) -> Report:
    return run(
        Plan(
            clients=given.clients or Plan.clients,
            seconds=given.minutes * 60,
            seed=given.seed,
            backend=given.backend,
            valkey_gone=min(20.0, given.minutes * 20),
        )
    )


def _run_browsers(given: argparse.Namespace) -> Report:
    return browsers.run(
        browsers.Plan(
            clients=given.clients or browsers.Plan.clients,
            seconds=given.minutes * 60,
            seed=given.seed,
            backend=given.backend,
            valkey_gone=min(10.0, given.minutes * 10),
        )
    )


if __name__ == "__main__":
    sys.exit(main())
