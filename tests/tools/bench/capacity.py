"""How much hardware so many people need: `python -m tests.tools.bench.capacity` computes it from the official run.

Measured are the costs of a post, a delivery, a connection and a read. Assumed is how people behave; every assumption
has its name and reason below and can be changed on the command line. The result is where the first limit is at each
size, and how organizations spread over shards once one PostgreSQL is not enough.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from tests.tools.bench.bench import Workload, number
from tests.tools.bench.readme import between
from tests.tools.bench.report import OFFICIAL, read

PAGE = Path(__file__).with_name("CAPACITY.md")
START, END = "<!-- capacity: made by python -m tests.tools.bench.capacity --write -->", "<!-- end of capacity -->"
SIZES = (1_000, 10_000, 100_000, 10_000_000)
MEASURED_AUDIENCE = 10  # clients that a post of the workload `posts` is delivered to
HOUR = 3600
SEED = 10  # of the simulated organizations


@dataclass(frozen=True)
class Costs:
    """What was measured: seconds of processor time of all processes, and the share of them that is PostgreSQL."""

    post: float  # with its deliveries to MEASURED_AUDIENCE clients
    post_database: float  # share
    delivery: float  # one more client, connected
    delivery_database: float
    alone: float  # a small transaction with an event for one or two clients: a read position, a reaction
    delta: float  # sync after an absence
    delta_database: float
    page: float  # any other read over REST
    connection: float  # share of a core
    connection_bytes: float
    message_bytes: float  # with event and indexes
    return_each: float  # reconnect and take 50 waiting events


@dataclass(frozen=True)
class Habits:
    """How people behave: assumptions, for an organization that lives in its chat."""

    online: float = 0.6  # share of members with an open client in the busiest hour of the day
    clients: float = 1.5  # open clients of somebody who is online
    away: float = 1.0  # further clients a member has registered, closed: their mailboxes fill too
    messages: float = 40.0  # of a member on a working day
    busiest: float = 0.2  # share of a day's messages in its busiest hour
    peak: float = 3.0  # how much denser the busiest seconds are than their hour
    audience: float = 30.0  # members who take part where an average message is written
    marks: float = 3.0  # small writes (read positions, reactions) to one message
    reads: float = 60.0  # pages of history, searches and lists an online member asks for in an hour
    syncs: float = 4.0  # times an hour that a client was away and syncs
    retention: float = 365.0  # days that messages are kept


@dataclass(frozen=True)
class Machines:
    """What one of each can carry: how full it may be, and where it ends."""

    node_share: float = 0.6  # of a core that a node may use at the peak, so that latency stays low
    node_sockets: int = 20_000  # SOCKETS_PER_NODE
    database_share: float = 0.5  # of the cores of a PostgreSQL
    database_cores: int = 64  # of the largest one to be had; no figure of ours was measured on it
    commits: float = 5_800.0  # a second, grouped (measured for the design, docs of the project)
    disk: float = 16e12  # bytes at one PostgreSQL
    wakeups: float = 50_000.0  # messages a second at one Valkey core; one for each node that holds a recipient


@dataclass(frozen=True)
class Plan:
    """What so many members need in the busiest seconds."""

    members: int
    posts: float  # a second
    deliveries: float  # a second
    sockets: float
    node_cores: float
    nodes: int
    node_bytes: float
    database_cores: float  # at database_share
    shards: int
    disk: float  # bytes, of a year's messages
    wakeups: float  # a second
    workers: int
    first_limit: str


@dataclass(frozen=True)
class Spread:
    """How simulated organizations lie on shards; `fullest`: the fullest one's members by the average."""

    organizations: int
    largest: int
    shards: int
    fullest: float


def costs_of(workloads: Sequence[Workload]) -> Costs:
    """Raises LookupError for a run that lacks one of the workloads."""
    known = {workload.name: workload for workload in workloads}

    def median(name: str, case: str, metric: str) -> float:
        found = known[name].find(case, "Parley", metric) if name in known else None
        if found is None:
            raise LookupError(f"the run has no {name}, {case}, {metric}")
        return found.median

    idle = median("idle", "2,000 clients", "% of a core") / 100 / 2000
    return Costs(
        post=median("posts", "200 members", "µs/post") / 1e6,
        post_database=median("posts", "200 members", "database %") / 100,
        delivery=median("fanout", "20/s", "µs/delivery") / 1e6,
        delivery_database=median("fanout", "20/s", "database %") / 100,
        alone=2 * median("latency", "direct", "µs/delivery") / 1e6,
        delta=median("sync", "delta, 1 million", "ms CPU") / 1e3,
        delta_database=median("sync", "delta, 1 million", "database %") / 100,
        page=median("history", "a page of 50", "ms CPU") / 1e3,
        connection=idle,
        connection_bytes=median("idle", "2,000 clients", "KiB/connection") * 1024,
        message_bytes=median("history", "stored", "bytes/message"),
        return_each=50 * median("storm", "1,000 clients", "µs/delivery") / 1e6,
    )


def plan(members: int, costs: Costs, habits: Habits, machines: Machines) -> Plan:
    """Cores are whole cores' worth of work divided by how full one may be."""
    online = members * habits.online
    sockets = online * habits.clients
    posts = members * habits.messages * habits.busiest / HOUR * habits.peak
    connected = habits.audience * habits.online * habits.clients
    entries = connected + habits.audience * habits.away  # mailboxes of closed clients are written too
    node, database = _work(posts, connected, entries, sockets, online, costs, habits)
    nodes = max(1, math.ceil(node / machines.node_share), math.ceil(sockets / machines.node_sockets))
    wakeups = posts * min(nodes, connected)
    disk = members * habits.messages * habits.retention * 5 / 7 * costs.message_bytes
    commits = posts * (1 + habits.marks)
    needs = {
        "PostgreSQL, processor": database / (machines.database_cores * machines.database_share),
        "PostgreSQL, commits": commits / machines.commits,
        "PostgreSQL, disk": disk / machines.disk,
        "Valkey": wakeups / machines.wakeups,
    }
    shards = max(1, math.ceil(max(value for name, value in needs.items() if name != "Valkey")))
    return Plan(
        members=members,
        posts=posts,
        deliveries=posts * connected,
        sockets=sockets,
        node_cores=node,
        nodes=nodes,
        node_bytes=sockets / nodes * costs.connection_bytes + 150e6,
        database_cores=database / machines.database_share,
        shards=shards,
        disk=disk,
        wakeups=wakeups,
        workers=max(1, math.ceil(members / 50_000)),
        first_limit=_first_limit(node, nodes, needs),
    )


def spread(members: int, shard_members: int, *, seed: int = SEED) -> Spread:
    """Organizations of uneven size (log-normal: half have fewer than 30 members, a few have thousands), the largest
    first, each put on the shard with the most room. An organization is never divided."""
    chance, sizes, left = random.Random(seed), [], members
    while left > 0:
        sizes.append(min(left, shard_members, max(3, round(chance.lognormvariate(math.log(30), 1.7)))))
        left -= sizes[-1]
    shards = [(0, number) for number in range(max(1, math.ceil(members / shard_members)))]
    for size in sorted(sizes, reverse=True):
        held, which = heapq.heappop(shards)
        heapq.heappush(shards, (held + size, which))
    fullest = max(held for held, _ in shards)
    return Spread(len(sizes), max(sizes), len(shards), fullest / (members / len(shards)))


def _work(
    posts: float, connected: float, entries: float, sockets: float, online: float, costs: Costs, habits: Habits
) -> tuple[float, float]:
    """Cores' worth of work a second: of nodes, of PostgreSQL."""
    per_node, per_database = costs.delivery * (1 - costs.delivery_database), costs.delivery * costs.delivery_database
    more = max(0.0, connected - MEASURED_AUDIENCE)
    written = max(0.0, entries - MEASURED_AUDIENCE)
    small = posts * habits.marks * costs.alone
    syncs, reads = sockets * habits.syncs / HOUR * costs.delta, online * habits.reads / HOUR * costs.page
    node = posts * (costs.post * (1 - costs.post_database) + more * per_node) + small * (1 - costs.post_database)
    node += syncs * (1 - costs.delta_database) + reads * (1 - costs.delta_database) + sockets * costs.connection
    database = posts * (costs.post * costs.post_database + written * per_database) + small * costs.post_database
    database += (syncs + reads) * costs.delta_database
    return node, database


def _first_limit(node: float, nodes: int, needs: dict[str, float]) -> str:
    """What is used up first when this many become more."""
    name, most = max(needs.items(), key=lambda need: need[1])
    if most > 1:
        return f"{name}: {number(most)} times what one carries"
    if nodes > 1:
        return f"nodes, added as needed; then {name}, at {most:.0%}"
    return f"the core of the one node, at {node:.0%}; then {name}, at {most:.0%}"


def section(path: Path = OFFICIAL) -> str:
    """The computed part of CAPACITY.md."""
    content, workloads = read(path)
    return "\n".join(_lines(costs_of(workloads), Habits(), Machines(), _where(content, workloads)))


def _where(content: dict[str, Any], workloads: Sequence[Workload]) -> str:
    busy = "" if all(each.quiet for each in workloads) else "; others used the machine meanwhile, so costs are too high"
    return f"{content['date']}, {content['machine']['cpu']}{busy}"


def _lines(costs: Costs, habits: Habits, machines: Machines, where: str) -> Iterator[str]:
    plans = [plan(members, costs, habits, machines) for members in SIZES]
    yield f"\nMeasured ({where}):\n"
    yield from _measured(costs)
    yield (
        "\nAssumed: "
        + ", ".join(f"`{each.name}` {number(getattr(habits, each.name))}" for each in fields(habits))
        + "\n"
    )
    yield from _table(plans)
    one = _largest(costs, habits, machines)
    placed = spread(SIZES[-1], one)
    yield (
        f"\nOne PostgreSQL carries about {number(one)} members. {number(SIZES[-1])} members in"
        f" {number(placed.organizations)} simulated organizations\n(the largest of {number(placed.largest)}) take"
        f" {placed.shards} shards; the fullest holds {placed.fullest:.2f} × the average.\n"
    )


def _measured(costs: Costs) -> Iterator[str]:
    rows = {
        f"a post with {MEASURED_AUDIENCE} deliveries": _cost(costs.post, costs.post_database),
        "a further delivery": _cost(costs.delivery, costs.delivery_database),
        "a post with two deliveries, alone": f"{costs.alone * 1e6:.0f} µs",
        "a delta sync": _cost(costs.delta, costs.delta_database),
        "a page of history": f"{costs.page * 1e3:.1f} ms",
        "an idle connection": f"{costs.connection * 1e6:.1f} µs a second, {costs.connection_bytes / 1024:.0f} KiB",
        "a stored message": f"{costs.message_bytes:.0f} bytes with its event and indexes",
        "a return with 50 waiting events": f"{costs.return_each * 1e3:.1f} ms",
    }
    yield "| | processor time, memory, disk |\n| --- | --- |"
    yield from (f"| {what} | {cost} |" for what, cost in rows.items())


def _cost(seconds: float, database: float) -> str:
    return f"{number(seconds * 1e6)} µs, {database:.0%} of it PostgreSQL"


def _table(plans: Sequence[Plan]) -> Iterator[str]:
    yield f"| members | {' | '.join(f'{each.members:,}' for each in plans)} |"
    yield "| --- |" + " ---: |" * len(plans)
    rows = {
        "posts/s at the peak": [number(each.posts) for each in plans],
        "deliveries/s": [number(each.deliveries) for each in plans],
        "sockets": [number(each.sockets) for each in plans],
        "nodes (a core and so much memory each)": [
            f"{each.nodes:,} × {each.node_bytes / 2**20:.0f} MiB" for each in plans
        ],
        "PostgreSQL, cores in all": [number(max(1.0, each.database_cores)) for each in plans],
        "PostgreSQL, shards": [f"{each.shards:,}" for each in plans],
        "disk for a year": [_size(each.disk) for each in plans],
        "Valkey, wake-ups/s": [number(each.wakeups) for each in plans],
        "Celery workers": [f"{each.workers:,}" for each in plans],
        "first limit": [each.first_limit for each in plans],
    }
    yield from (f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())


def _largest(costs: Costs, habits: Habits, machines: Machines) -> int:
    """Members that one PostgreSQL carries, to a thousand."""
    least, most = 1, 100_000
    while least < most:
        middle = (least + most + 1) // 2
        fits = plan(middle * 1000, costs, habits, machines).shards == 1
        least, most = (middle, most) if fits else (least, middle - 1)
    return least * 1000


def _size(amount: float) -> str:
    return f"{amount / 1e12:.1f} TB" if amount >= 1e12 else f"{amount / 1e9:.0f} GB"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into CAPACITY.md instead of the screen")
    for each in fields(Habits):
        parser.add_argument(f"--{each.name}", type=float, default=each.default)
    given = vars(parser.parse_args())
    if given.pop("write"):
        PAGE.write_text(between(PAGE.read_text(), START, END, section()))
        return 0
    content, workloads = read(OFFICIAL)
    sys.stdout.write(
        "\n".join(_lines(costs_of(workloads), replace(Habits(), **given), Machines(), content["date"])) + "\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
