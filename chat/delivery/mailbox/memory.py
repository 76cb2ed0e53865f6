"""Mailboxes in the memory of one process: for tests and demos.

It keeps the contract as long as the process lives and no other process serves sockets. Undelivered entries are lost
with the process; tags start from the clock, so that every client that returns gets a resync.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from uuid import UUID

from django.conf import settings
from django.db import transaction

from chat.delivery import metrics
from chat.delivery.mailbox.contract import Backlog, EventBatch, Notify, Position, Purge
from chat.delivery.mailbox.recipients import Group, clients_of, events_of, mark_overflowed, recipients


def first_tag() -> int:
    """Return the microsecond: above every tag that a client can have been given, and below 2**53, the bound of integers
    in JavaScript."""
    return time.time_ns() // 1000


@dataclass(slots=True)
class _Box:
    tag: int = field(default_factory=first_tag)
    entries: list[int] = field(default_factory=list)

    @property
    def position(self) -> Position:
        return Position(self.tag, self.tag - len(self.entries) + 1 if self.entries else None)


class MemoryMailbox:
    hands_over_after_commit = False
    tags_in_database = False

    def __init__(self) -> None:
        self._boxes: dict[int, _Box] = {}
        self._lock = Lock()  # actions run in threads, the node in the loop

    def append(
        self,
        organization_id: UUID,
        events: Sequence[int],
        *,
        conversation_id: UUID | None,
        notify: Notify,
    ) -> None:
        groups, nodes = recipients(organization_id, events)

        def hand_over() -> None:
            self._append(groups)
            notify(nodes)

        transaction.on_commit(hand_over)

    def withdraw(self, member_id: UUID, conversation_id: UUID, *, event: int) -> None:
        for client in clients_of(member_id):
            with self._open(client) as box:
                gone = events_of(conversation_id, box.entries)
                box.entries = [event if entry in gone else entry for entry in box.entries]

    def truncate(self, clients: Sequence[int], *, hole: bool = False) -> None:
        for client in clients:
            with self._open(client) as box:
                box.entries = []
                box.tag += hole
        mark_overflowed(clients)

    def drop(self, clients: Sequence[int]) -> None:
        with self._lock:
            for client in clients:
                self._boxes.pop(client, None)

    def start(self, client_id: int) -> int:
        with self._open(client_id) as box:
            return box.tag

    def depth(self, clients: Sequence[int]) -> Mapping[int, int]:
        with self._lock:
            held = {client: len(self._boxes[client].entries) for client in clients if client in self._boxes}
        return {client: count for client, count in held.items() if count}

    def backlogs(self, clients: Sequence[int]) -> Mapping[int, Backlog]:
        with self._lock:
            boxes = {client: self._boxes[client] for client in clients if client in self._boxes}
            return {client: Backlog(len(box.entries), box.entries[0]) for client, box in boxes.items() if box.entries}

    def holding(self, clients: Sequence[int], event: int) -> set[int]:
        with self._lock:
            return {client for client in clients if client in self._boxes and event in self._boxes[client].entries}

    def catch_up(self) -> int:
        return 0

    def purges(self) -> Mapping[str, Purge]:
        return {}  # it keeps its own bounds, and ends with the process

    async def read(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> list[EventBatch]:
        batches = []
        for client, low, high in zip(clients, after, upto, strict=True):
            with self._open(client) as box:
                before = box.tag - len(box.entries)
                start = max(0, low - before)
                events = tuple(islice(box.entries, start, max(0, high - before)))
            if events:
                batches.append(EventBatch(events, [client], [before + start + 1]))
        return batches

    async def positions(self, clients: Sequence[int], *, known: Sequence[int] = ()) -> Mapping[int, Position]:
        positions = {}
        for client, tag in zip(clients, known or [-1] * len(clients), strict=True):
            with self._open(client) as box:
                if box.tag != tag:
                    positions[client] = box.position
        return positions

    async def acknowledge(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> Sequence[int]:
        for client, high in zip(clients, upto, strict=True):
            with self._open(client) as box:
                del box.entries[: max(0, high - (box.tag - len(box.entries)))]
        return ()

    def _append(self, groups: Sequence[Group]) -> None:
        for events, clients in groups:
            for client in clients:
                with self._open(client) as box:
                    box.entries += events
                    box.tag += len(events)
                    if len(box.entries) > settings.MAILBOX_ENTRIES:
                        box.entries = []
                        metrics.OVERFLOWS.inc()

    @contextmanager
    def _open(self, client: int) -> Iterator[_Box]:
        with self._lock:
            yield self._boxes.setdefault(client, _Box())
