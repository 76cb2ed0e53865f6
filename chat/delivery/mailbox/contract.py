"""The contract of mailbox backends. `tests/chat/delivery/mailbox/` runs one suite against all of them.

A mailbox is the ordered queue of event ids of a client, numbered by a dense `tag`. It reaches back to T when the
entries T+1 … tag are all there. Nothing else is recorded, so an overflow is the deletion of entries: a client that was
behind notices it because the next entry is not T+1.

Writers are synchronous and belong to the transaction of the change; readers are asyncio and belong to a node. The
clients themselves, with their owners and nodes, are in the database for every backend. No module outside this package
imports a backend or names its tables (tests/architecture/test_mailboxes.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import UUID

Recipients = dict[int, list[int]]
"""Node id → ids of its clients whose mailboxes have new entries."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a mailbox reaches: `tag` of the newest entry ever, `oldest` tag still kept (None: it is empty)."""

    tag: int
    oldest: int | None

    def reaches(self, tag: int) -> bool:
        """Return whether everything after `tag` is here. False also for a tag that was never given out."""
        return tag == self.tag or (self.oldest is not None and self.oldest <= tag + 1 <= self.tag)


@dataclass(frozen=True, slots=True)
class EventBatch:
    """The same events for several clients: `clients[i]` has them from tag `first_tags[i]` on. Without events it names
    clients whose mailboxes are damaged."""

    events: tuple[int, ...]
    clients: Sequence[int]
    first_tags: Sequence[int]


class Notify(Protocol):
    def __call__(self, recipients: Recipients, batches: Mapping[int, EventBatch] = ...) -> None:
        """The mailboxes of these clients have new entries. `batches`, by node: the events, where they are the same for
        all clients of the node."""


@dataclass(frozen=True, slots=True)
class Purge:
    """Entries that the regular purge removes: how many there are, and a function that removes some of them in a
    transaction of its own and returns how many it removed."""

    count: Callable[[], int]
    remove: Callable[[], int]


class Backlog(NamedTuple):
    """What waits in a mailbox: the number of entries, and the event of the oldest."""

    entries: int
    oldest_event: int


class Mailbox(Protocol):
    hands_over_after_commit: bool
    """Whether entries are written after the commit, so that `catch_up` is needed after a crash."""

    tags_in_database: bool
    """Whether `Client.tag` is the tag of the newest entry."""

    def append(
        self,
        organization_id: UUID,
        events: Sequence[int],
        *,
        conversation_id: UUID | None,
        notify: Notify,
    ) -> None:
        """Put the events, in this order, into the mailboxes of their audiences (chat/delivery/audience.py).

        `conversation_id`: all events are for its participants, the most frequent case, which has a cheaper statement.
        Called as the last step of the transaction that wrote the events. `notify` is called once they can be read.
        """

    def withdraw(self, member_id: UUID, conversation_id: UUID, *, event: int) -> None:
        """Replace the undelivered entries of that conversation in that member's mailboxes by `event`, their removal
        from it: the content is gone, the tags stay dense. Called inside the transaction of the removal, with the
        conversation locked."""

    def truncate(self, clients: Sequence[int], *, hole: bool = False) -> None:
        """Empty the mailboxes and mark the clients: clients that were behind get a resync. With `hole` one tag is left
        out, so that clients that had everything get a resync as well."""

    def drop(self, clients: Sequence[int]) -> None:
        """Remove the mailboxes of clients that this transaction deletes, once it has committed."""

    def start(self, client_id: int) -> int:
        """Return the tag from which the mailbox of a new client counts."""

    def depth(self, clients: Sequence[int]) -> Mapping[int, int]:
        """Return how many entries each mailbox holds. Empty mailboxes are left out."""

    def backlogs(self, clients: Sequence[int]) -> Mapping[int, Backlog]:
        """Return what waits in each mailbox, for some thousands of clients at once. Empty mailboxes are left out."""

    def holding(self, clients: Sequence[int], event: int) -> set[int]:
        """Return those of the clients in whose mailboxes the event waits."""

    def catch_up(self) -> int:
        """Append events that were committed and then kept from the mailboxes by a crash. Returns how many."""

    def purges(self) -> Mapping[str, Purge]:
        """Return what the regular purge removes, by name: `old_entries` of clients that have been away for
        MAILBOX_DAYS, `overfull_entries` beyond MAILBOX_ENTRIES, `orphaned_entries` of clients that are gone. A backend
        that needs no purge for one of them leaves it out."""

    async def read(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> list[EventBatch]:
        """Return the entries of `clients[i]` with `after[i]` < tag ≤ `upto[i]`, in tag order, for all in one step."""

    async def positions(self, clients: Sequence[int], *, known: Sequence[int] = ()) -> Mapping[int, Position]:
        """Return where each mailbox stands, at one instant for each client. Left out are clients that are gone, and
        clients whose mailbox stands at the tag `known[i]`."""

    async def acknowledge(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> Sequence[int]:
        """`clients[i]`, in ascending order, has applied everything up to `upto[i]` and had acked up to `after[i]`
        before. Returns the clients whose mailboxes are locked by a writer: their acks have to be repeated."""
