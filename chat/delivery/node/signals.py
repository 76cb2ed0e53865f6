"""Typing and presence: told to those who are connected now, never stored, and the first to be shed.

Presence changes are collected for a second and told to the members who share a conversation with whoever they are
about. Short absences are no change at all (see the grace in chat/delivery/presence.py), so a thousand sockets that
lose their node and come back do not tell a thousand others about a thousand people.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from chat.delivery import database, metrics, presence, wakeups
from chat.delivery.node.connections import Connection
from chat.delivery.presence import Change, State, presence_of, touch_presence

__all__ = ["State", "announce", "presence_of", "touch_presence"]

TYPING_EVERY: Final = 2.0  # seconds a member and conversation
TYPING_WAITING: Final = 500  # notices that wait for the database; later ones are shed, they would come too late anyway
TYPISTS: Final = 10_000  # pairs of member and conversation whose last notice is remembered
FLUSH: Final = 1.0  # seconds over which presence changes are collected
CHANGES_AT_ONCE: Final = 100  # looked up in one flush
FRAMES_AT_ONCE: Final = 1000  # written in one flush, some 2 % of a core; the rest of the changes wait for the next
ONLOOKERS: Final = 100  # in conversations with more participants nobody watches everybody; who opens the list asks
CHANGES_WAITING: Final = 2_000  # beyond it they are shed: who wants to know asks for `presence`
SWEEP: Final = 4.0  # seconds between two looks for expired leases

_TYPING: Final = """
SELECT c.node_id, array_agg(c.id) FROM chat_participant p JOIN chat_client c ON c.member_id = p.member_id
WHERE p.conversation_id = %(conversation)s AND p.organization_id = %(organization)s AND p.left_at IS NULL
    AND p.member_id <> %(member)s AND c.node_id IS NOT NULL
    AND EXISTS (SELECT FROM chat_participant own JOIN accounts_member m ON m.id = own.member_id
        WHERE own.conversation_id = p.conversation_id AND own.member_id = %(member)s AND own.left_at IS NULL
        AND (m.muted_until IS NULL OR m.muted_until <= now()))
GROUP BY c.node_id
"""
_ACQUAINTED: Final = """
WITH seats AS (
    SELECT conversation_id, member_id FROM chat_participant
    WHERE member_id = ANY(%(changed)s::uuid[]) AND left_at IS NULL
), small AS MATERIALIZED (
    SELECT conversation_id FROM (SELECT DISTINCT conversation_id FROM seats) AS touched
    WHERE %(onlookers)s >= (SELECT count(*) FROM (
        SELECT FROM chat_participant p WHERE p.conversation_id = touched.conversation_id AND p.left_at IS NULL
        LIMIT %(onlookers)s + 1) AS seated)
)
SELECT subject.member_id, array_agg(DISTINCT viewer.member_id)
FROM small
JOIN seats subject ON subject.conversation_id = small.conversation_id
JOIN chat_participant viewer ON viewer.conversation_id = small.conversation_id
WHERE viewer.member_id = ANY(%(local)s::uuid[]) AND viewer.left_at IS NULL
GROUP BY subject.member_id
"""

log = structlog.get_logger(__name__)


class Notice(NamedTuple):
    organization_id: UUID
    member_id: UUID
    conversation_id: UUID


def announce(organization_id: UUID, changes: Sequence[Change]) -> None:
    """Tell all nodes, from any thread, who is in which state from now on."""
    wakeups.broadcast(_message(organization_id, changes))


class Signals:
    """The signals of one node. `connections`: by client id, live."""

    def __init__(self, node_id: int, connections: Mapping[int, Connection], outbox: wakeups.Outbox) -> None:
        self._node_id, self._connections, self._outbox = node_id, connections, outbox
        self._typing: asyncio.Queue[Notice] = asyncio.Queue(TYPING_WAITING)
        self._typed: OrderedDict[tuple[UUID, UUID], float] = OrderedDict()
        self._changes: OrderedDict[tuple[UUID, str], State] = OrderedDict()
        self._arrivals: set[tuple[UUID, UUID]] = set()
        self._arrival = asyncio.Event()

    def jobs(self) -> list[Callable[[], Awaitable[None]]]:
        return [self._greet_arrivals, self._tell_typing, self._hold_presence, self._sweep_presence, self._tell_presence]

    # --- Typing -------------------------------------------------------------------------------------

    def typing(self, notice: Notice) -> None:
        """Pass it on unless the same was passed on just now."""
        now = asyncio.get_running_loop().time()
        key = (notice.member_id, notice.conversation_id)
        if now - self._typed.get(key, -TYPING_EVERY) < TYPING_EVERY or self._typing.full():
            metrics.SIGNALS.labels("shed").inc()
            return
        self._typed[key] = now
        self._typed.move_to_end(key)
        if len(self._typed) > TYPISTS:
            self._typed.popitem(last=False)
        self._typing.put_nowait(notice)

    async def _tell_typing(self) -> None:
        while True:
            notice = await self._typing.get()
            rows = await database.fetch(
                _TYPING,
                {
                    "organization": notice.organization_id,
                    "conversation": notice.conversation_id,
                    "member": notice.member_id,
                },
            )
            signal = {
                "type": "typing",
                "conversation": str(notice.conversation_id),
                "member": str(notice.member_id),
            }
            self._outbox.post({node: {"type": "signal", "clients": ids, "signal": signal} for node, ids in rows})

    # --- From other nodes ---------------------------------------------------------------------------

    def receive(self, message: wakeups.Message) -> None:
        if message["type"] == "signal":
            self._pass_on(message["clients"], message["signal"])
        elif message["type"] == "presence":
            self._collect(UUID(message["organization"]), _pairs(message["changes"]))

    def _pass_on(self, client_ids: Iterable[int], signal: Mapping[str, str]) -> None:
        body = "{" + ",".join(f'"{name}":"{value}"' for name, value in signal.items()) + "}"
        for client_id in client_ids:
            connection = self._connections.get(client_id)
            if connection is not None:
                connection.write_signal(body)

    # --- Presence -----------------------------------------------------------------------------------

    def arrived(self, members: Iterable[tuple[UUID, UUID]]) -> None:
        """(organization, member) of sockets that were let in. Whoever lets them in does not wait for Valkey."""
        self._arrivals.update(members)
        self._arrival.set()

    async def _greet_arrivals(self) -> None:
        while True:
            await self._arrival.wait()
            self._arrival.clear()
            members, self._arrivals = self._arrivals, set()
            await self._hold(members)

    async def _hold(self, members: Iterable[tuple[UUID, UUID]]) -> None:
        """Away is who is at none of their clients: the online lease, which is not renewed then, ends before it."""
        everybody = set(members)
        at_hand = {(each.organization_id, each.member_id) for each in self._connections.values() if not each.away}
        idle = {(each.organization_id, each.member_id) for each in self._connections.values() if each.away}
        away = (everybody & idle) - at_hand
        try:
            for state, some in (("online", everybody - away), ("away", away)):
                for organization_id, ids in _by_organization(some).items():
                    self._publish(organization_id, await presence.hold(organization_id, ids, state=state))
        except RedisError as error:
            log.warning("presence_unavailable", reason=repr(error))

    async def departed(self, members: Iterable[tuple[UUID, UUID]]) -> None:
        """(organization, member) of those whose last socket of this node closed."""
        try:
            for organization_id, some in _by_organization(members).items():
                await presence.release(organization_id, await self._nowhere(some))
        except RedisError as error:
            log.warning("presence_unavailable", reason=repr(error))

    async def _nowhere(self, members: list[str]) -> list[str]:
        """Those of them who have no socket on any other node either."""
        rows = await database.fetch(
            "SELECT DISTINCT member_id FROM chat_client WHERE member_id = ANY(%s::uuid[]) AND node_id IS NOT NULL",
            (members,),
        )
        elsewhere = {str(row[0]) for row in rows}
        return [member for member in members if member not in elsewhere]

    async def _hold_presence(self) -> None:
        while True:
            await asyncio.sleep(presence.RENEW)
            await self._hold({(each.organization_id, each.member_id) for each in self._connections.values()})

    async def _sweep_presence(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            for organization_id in {each.organization_id for each in self._connections.values()}:
                self._publish(organization_id, await presence.sweep(organization_id))

    async def _tell_presence(self) -> None:
        while True:
            await asyncio.sleep(FLUSH)
            keys = list(islice(self._changes, CHANGES_AT_ONCE))
            states = {key: self._changes.pop(key) for key in keys}
            for organization_id in {organization_id for organization_id, _ in states}:
                some = {member: state for (owner, member), state in states.items() if owner == organization_id}
                for member, state in await self._tell(organization_id, some):
                    self._changes.setdefault((organization_id, member), state)  # unless there is a newer one

    async def _tell(self, organization_id: UUID, states: Mapping[str, State]) -> list[Change]:
        """Returns those for which there was no more room in this flush."""
        clients: dict[UUID, list[int]] = {}
        for connection in self._connections.values():
            if connection.organization_id == organization_id:
                clients.setdefault(connection.member_id, []).append(connection.client_id)
        parameters = {
            "changed": database.keys(map(UUID, states)),
            "local": database.keys(clients),
            "onlookers": ONLOOKERS,
        }
        room, late = FRAMES_AT_ONCE, []
        for subject, viewers in await database.fetch(_ACQUAINTED, parameters):
            member = str(subject)
            if room <= 0:
                late.append((member, states[member]))
                continue
            targets = [client for viewer in viewers for client in clients.get(viewer, ())]
            self._pass_on(targets, {"type": "presence", "member": member, "state": states[member]})
            room -= len(targets)
        return late

    def _publish(self, organization_id: UUID, changes: Sequence[Change]) -> None:
        if changes:
            self._outbox.post_to_group(wakeups.EVERYBODY, _message(organization_id, changes))

    def _collect(self, organization_id: UUID, changes: Sequence[Change]) -> None:
        for member, state in changes:
            if len(self._changes) >= CHANGES_WAITING:
                metrics.SIGNALS.labels("shed").inc()
                continue
            self._changes[organization_id, member] = state


def _pairs(changes: Sequence[Sequence[str]]) -> list[Change]:
    return [(member, state) for member, state in changes]  # type: ignore[misc]  # JSON has no tuples


def _message(organization_id: UUID, changes: Sequence[Change]) -> wakeups.Message:
    return {"type": "presence", "organization": str(organization_id), "changes": [list(each) for each in changes]}


def _by_organization(members: Iterable[tuple[UUID, UUID]]) -> dict[UUID, list[str]]:
    grouped: dict[UUID, list[str]] = {}
    for organization_id, member_id in members:
        grouped.setdefault(organization_id, []).append(str(member_id))
    return grouped
