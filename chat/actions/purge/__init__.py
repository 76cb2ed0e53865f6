"""Remove rows that are no longer needed, in bounded batches that hold no lock for long. Two runs may overlap.

Every batch is a transaction of its own, takes its rows with SKIP LOCKED and stops after BATCHES of them; the next run
goes on. What a batch would remove can be counted without removing it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from accounts.purge import EXPIRED
from chat.actions import retention
from chat.actions.purge import acks, clients, events, nodes
from chat.delivery import figures, metrics
from chat.delivery.mailbox import mailbox

PAUSE: Final = 0.05  # seconds
BATCHES: Final = 500  # in one run; the next one goes on

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Purge:
    """One kind of rows: its name in metrics and commands, how many would go, and how one batch is removed."""

    name: str
    count: Callable[[], int]
    remove: Callable[[], int]  # one batch; how many rows, 0 when there is nothing left

    def run(self) -> int:
        removed = 0
        for _ in range(BATCHES):
            some = self.remove()
            removed += some
            if not some:
                if not self.count():
                    break
                time.sleep(PAUSE)  # what is left is locked by others for a moment
        if removed:
            metrics.PURGED.labels(self.name).inc(removed)
            figures.note_purge(self.name, removed)
        log.info("purged", what=self.name, rows=removed)
        return removed


def _of_mailboxes(name: str) -> Purge:
    """Return the purge that the mailbox backend makes under this name. It removes nothing if the backend needs none."""

    def count() -> int:
        purge = mailbox().purges().get(name)
        return purge.count() if purge is not None else 0

    def remove() -> int:
        purge = mailbox().purges().get(name)
        return purge.remove() if purge is not None else 0

    return Purge(name, count, remove)


PURGES: Final[dict[str, Purge]] = {
    purge.name: purge
    for purge in (
        Purge("stale_clients", clients.count_stale_clients, clients.remove_stale_clients),
        _of_mailboxes("old_entries"),
        _of_mailboxes("overfull_entries"),
        _of_mailboxes("orphaned_entries"),
        Purge("dead_nodes", nodes.count_dead_nodes, nodes.remove_dead_nodes),
        Purge("old_events", events.count_old_events, events.remove_old_events),
        Purge("expired_histories", retention.count_expired_histories, retention.expire_histories),
        Purge("expired_messages", retention.count_expired_messages, retention.remove_expired_messages),
        Purge("old_acks", acks.count_old_acks, acks.remove_old_acks),
        *(Purge(each.name, each.count, each.remove) for each in EXPIRED),
    )
}
