"""What a mailbox backend promises. `tests/chat/delivery/mailbox/` runs one suite against all of them.

A mailbox is a client's ordered queue of event ids, numbered by a dense `tag`. It reaches back to T when the entries
T+1 … tag are all there: nothing else is recorded, so an overflow is simply the deletion of entries, and whoever was
behind finds out because the next entry is not T+1.

Writers are synchronous and belong to the transaction of the change; readers are asyncio and belong to a node.
The clients themselves (who owns one, which node holds it) live in the database whatever the backend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

Recipients = dict[int, list[int]]
"""Node id → ids of its clients that have news."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a mailbox reaches: `tag` of the newest entry ever, `oldest` tag still kept (None: it is empty)."""

    tag: int
    oldest: int | None

    def reaches(self, tag: int) -> bool:
        """Whether everything after `tag` is here. False too for a tag that was never given out."""
        return tag == self.tag or (self.oldest is not None and self.oldest <= tag + 1 <= self.tag)


@dataclass(frozen=True, slots=True)
class News:
    """The same events for several clients: `clients[i]` has them from tag `firsts[i]` on. Empty: a broken mailbox."""

    events: tuple[int, ...]
    clients: Sequence[int]
    firsts: Sequence[int]


class Wake(Protocol):
    def __call__(self, recipients: Recipients, news: Mapping[int, News] = ...) -> None:
        """These clients have news. `news`, by node, says which for those nodes where it is the same for all."""


class Mailbox(Protocol):
    def append(
        self,
        organization_id: UUID,
        events: Sequence[int],
        *,
        conversation_id: UUID | None,
        wake: Wake,
    ) -> None:
        """Put the events, in this order, into the mailboxes of everybody who may see them (their rows say who).

        `conversation_id`: all of them are for its participants, by far the commonest case, which has a shorter way.
        Called inside the transaction that wrote them, last of all. `wake` is called once they can be read.
        """

    def withdraw(self, member_id: UUID, conversation_id: UUID, *, event: int) -> None:
        """Make the undelivered entries of that conversation in that member's mailboxes point at `event`, their removal
        from it: the content is gone, the tags stay dense. Inside the transaction of the removal, the conversation
        locked."""

    def truncate(self, clients: Sequence[int], *, hole: bool = False) -> None:
        """Empty the mailboxes and mark the clients: who was behind will be told to resync. With `hole` one tag is left
        out besides, so that whoever had everything will be told, too."""

    def drop(self, clients: Sequence[int]) -> None:
        """Forget mailboxes whose clients are being deleted in this transaction, once it has committed."""

    def start(self, client_id: int) -> int:
        """The tag from which the mailbox of a new client counts."""

    def depth(self, clients: Sequence[int]) -> Mapping[int, int]:
        """How many entries each mailbox holds; those without any are left out."""

    def oldest(self, clients: Sequence[int]) -> Mapping[int, int]:
        """The event that is first in each mailbox; those without any are left out."""

    def holding(self, clients: Sequence[int], event: int) -> set[int]:
        """Those of the clients in whose mailboxes the event waits."""

    def catch_up(self) -> int:
        """Append what was committed and then left out by a crash; how many events. For backends outside the
        database.
        """

    async def read(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> list[News]:
        """What `clients[i]` has with `after[i]` < tag ≤ `upto[i]`, in tag order, for all of them in one step."""

    async def positions(self, clients: Sequence[int], *, known: Sequence[int] = ()) -> Mapping[int, Position]:
        """Where each mailbox stands, seen at one instant per client. Clients that are gone are left out, and those
        whose mailbox stands at the tag `known[i]`: there is nothing to tell."""

    async def acknowledge(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> Sequence[int]:
        """`clients[i]` applied everything up to `upto[i]`, and had acked up to `after[i]` before. Sorted by client.
        Returns the clients whose mailboxes others are writing to just now: theirs is to be said again."""
