"""Presence of the members who are connected to a node: it renews their leases and sends changes to its clients.

Changes are collected for a second and sent to the members who share a conversation with the member they are about. A
short absence is no change (see GRACE in chat/delivery/presence.py): when a thousand sockets lose their node and return,
no thousand members are notified of a thousand others.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from chat.delivery import audience, database, metrics, presence, wakeups
from chat.delivery.node.connections import Connection
from chat.delivery.node.jobs import Job
from chat.delivery.node.signals import send_signal
from chat.delivery.presence import Change
from chat.wire import PresenceChanged, PresenceSignal, State

FLUSH: Final = 1.0  # seconds over which presence changes are collected
CHANGES_AT_ONCE: Final = 100  # looked up in one flush
FRAMES_AT_ONCE: Final = 1000  # written in one flush, some 2 % of a core; the other changes wait for the next
ONLOOKERS: Final = 100  # conversations with more participants are left out: presence there is asked for, not sent
CHANGES_WAITING: Final = 2_000  # later ones are dropped; clients can ask for `presence`
SWEEP: Final = 4.0  # seconds between two searches for expired leases

MemberKey = tuple[UUID, UUID]
"""Organization and member."""

log = structlog.get_logger(__name__)


class PresenceSignals:
    def __init__(self, connections: Mapping[int, Connection], outbox: wakeups.Outbox) -> None:
        """`connections`: by client id; the mapping changes as sockets open and close."""
        self._connections, self._outbox = connections, outbox
        self._changes: OrderedDict[MemberKey, State] = OrderedDict()
        self._arrived: set[MemberKey] = set()
        self._arrival = asyncio.Event()

    def jobs(self) -> list[Job]:
        return [self._hold_arrived, self._renew, self._sweep, self._flush]

    def arrived(self, members: Iterable[MemberKey]) -> None:
        """Sockets of these members were admitted, or their `presence` frame came. Does not wait for Valkey."""
        self._arrived.update(members)
        self._arrival.set()

    async def departed(self, members: Iterable[MemberKey]) -> None:
        """The last socket of each of these members on this node has closed."""
        try:
            for organization_id, some in _by_organization(members).items():
                await presence.release(organization_id, await _without_socket(some))
        except RedisError as error:
            log.warning("presence_unavailable", reason=repr(error))

    def receive(self, message: PresenceChanged) -> None:
        """Collect the changes that a node or a request has found."""
        for member, state in message.changes:
            if len(self._changes) >= CHANGES_WAITING:
                metrics.SIGNALS.labels("shed").inc()
                continue
            self._changes[message.organization, member] = state

    async def _hold_arrived(self) -> None:
        while True:
            await self._arrival.wait()
            self._arrival.clear()
            members, self._arrived = self._arrived, set()
            await self._hold(members)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(presence.RENEW)
            await self._hold({(each.organization_id, each.member_id) for each in self._connections.values()})

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            for organization_id in {each.organization_id for each in self._connections.values()}:
                self._publish(organization_id, await presence.sweep(organization_id))

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH)
            keys = list(islice(self._changes, CHANGES_AT_ONCE))
            states = {key: self._changes.pop(key) for key in keys}
            for organization_id in {organization_id for organization_id, _ in states}:
                some = {member: state for (owner, member), state in states.items() if owner == organization_id}
                for member, state in await self._send(organization_id, some):
                    self._changes.setdefault((organization_id, member), state)  # unless a newer one came meanwhile

    async def _hold(self, members: set[MemberKey]) -> None:
        """Hold the leases of these members. A member is away if every one of their clients here is away: the online
        lease is not renewed then and ends before the other."""
        active = {(each.organization_id, each.member_id) for each in self._connections.values() if not each.away}
        idle = {(each.organization_id, each.member_id) for each in self._connections.values() if each.away}
        away = (members & idle) - active
        try:
            for state, some in (("online", members - away), ("away", away)):
                for organization_id, ids in _by_organization(some).items():
                    self._publish(organization_id, await presence.hold(organization_id, ids, state=state))
        except RedisError as error:
            log.warning("presence_unavailable", reason=repr(error))

    async def _send(self, organization_id: UUID, states: Mapping[UUID, State]) -> list[Change]:
        """Send the changes to the clients of this node. Returns the changes that exceed FRAMES_AT_ONCE."""
        clients: dict[UUID, list[int]] = {}
        for connection in self._connections.values():
            if connection.organization_id == organization_id:
                clients.setdefault(connection.member_id, []).append(connection.client_id)
        parameters = {
            "changed": database.keys(states),
            "local": database.keys(clients),
            "onlookers": ONLOOKERS,
        }
        room, late = FRAMES_AT_ONCE, []
        for member, viewers in await database.fetch(audience.ACQUAINTED, parameters):
            if room <= 0:
                late.append((member, states[member]))
                continue
            targets = [client for viewer in viewers for client in clients.get(viewer, ())]
            send_signal(self._connections, targets, PresenceSignal(member, states[member]))
            room -= len(targets)
        return late

    def _publish(self, organization_id: UUID, changes: Sequence[Change]) -> None:
        if changes:
            self._outbox.post_to_group(wakeups.ALL_NODES, PresenceChanged(organization_id, list(changes)))


async def _without_socket(members: list[UUID]) -> list[UUID]:
    """Return the members who have no socket on any other node."""
    rows = await database.fetch(
        "SELECT DISTINCT member_id FROM chat_client WHERE member_id = ANY(%s::uuid[]) AND node_id IS NOT NULL",
        (database.keys(members),),
    )
    connected = {row[0] for row in rows}
    return [member for member in members if member not in connected]


def _by_organization(members: Iterable[MemberKey]) -> dict[UUID, list[UUID]]:
    grouped: dict[UUID, list[UUID]] = {}
    for organization_id, member_id in members:
        grouped.setdefault(organization_id, []).append(member_id)
    return grouped
