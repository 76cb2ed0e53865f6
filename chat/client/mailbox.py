"""What a frame means: the state machine of "what a client does", without input or output.

    frames    → receive()                        → the store changes, `ack` grows
    wants_sync → begin_sync(), take_answer() …    → the store changes, the frames that came meanwhile are applied

It is live while every tag follows the one before. What breaks that (a gap, an emptied mailbox, a first start) makes it
resync: frames are kept aside until the state since `cursor` has been asked for and applied. What had been sent when a
sync was asked for was committed before, and so is in its answer: `tag` goes on from there, and what came later is
applied "if newer". Gaps among what came later are gaps, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from chat.client.store import Answer, Event, Store

Frame = dict[str, Any]


class State(Enum):
    RESYNCING = "resyncing"
    LIVE = "live"


@dataclass(eq=False, slots=True)
class Sync:
    """One sync under way; what is found out while it runs may make it worthless."""

    cursor: str  # to ask with next
    covers: int  # the tag up to which its answer holds everything
    answers: list[Answer] = field(default_factory=list)


class Mailbox:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.state = State.RESYNCING
        self.tag = 0  # the last that was applied; what the next socket begins with
        self.cursor = ""  # from the last sync, nowhere else
        self.syncs = 0  # how many were completed
        self._known = 0  # the highest tag the server has given out, as far as this client knows
        self._sent = 0  # the highest it has sent on this socket: beyond that an ack would be a protocol error
        self._acked = 0
        self._kept: list[tuple[int, list[Event]]] = []  # first tag and events, in the order of arrival
        self._sync: Sync | None = None

    @property
    def wants_sync(self) -> bool:
        """Whether the state has to be asked for, and nobody is doing so."""
        return self.state is State.RESYNCING and self._sync is None

    @property
    def ack(self) -> int | None:
        """The cumulative ack that is due, if any."""
        tag = min(self.tag, self._sent)
        return tag if self.state is State.LIVE and tag > self._acked else None

    @property
    def unacked(self) -> int:
        """How many events were applied and not acked."""
        return max(0, min(self.tag, self._sent) - self._acked)

    def acked(self, tag: int) -> None:
        """It was written to the socket."""
        self._acked = tag

    # --- Frames -------------------------------------------------------------------------------------

    def register(self, tag: int) -> None:
        """A new client whose mailbox begins after `tag`. A sync answers with what happened before that."""
        self._lose(tag)
        self.tag = self._sent = self._acked = tag

    def receive(self, frame: Frame) -> None:
        """One frame of the server. Ops that are not known belong to a later version."""
        op = frame["op"]
        if op == "hello":
            self._take_hello(frame)
        elif op == "events":
            self._take_events(frame["tag"], frame["events"])
        elif op in {"signal", "heartbeat"}:
            self._take_events(frame["tag"] + 1, [])
        elif op == "resync":
            self._sent = max(self._sent, frame["tag"])
            self._lose(frame["tag"])

    def _take_hello(self, frame: Frame) -> None:
        """What an earlier socket brought and was not applied will be sent again, or is lost."""
        self._kept.clear()
        self._sent = self._acked = frame["tag"]
        if frame["outcome"] == "resync" or frame["tag"] > self._known:
            self._lose(frame["tag"])

    def _take_events(self, first: int, events: list[Event]) -> None:
        last = first + len(events) - 1
        self._sent = max(self._sent, last)
        self._known = max(self._known, last)
        if self.state is State.RESYNCING:
            self._kept.append((first, events))
        elif first > self.tag + 1:
            self._lose(self._known)
        else:
            self._apply(first, events)
            if events and last <= self._acked:
                self._acked = last - 1  # it came twice: our ack was lost, so it is said again

    def _apply(self, first: int, events: list[Event]) -> None:
        """The part of them that is new."""
        for event in events[max(0, self.tag + 1 - first) :]:
            self.store.apply(event)
            self.tag += 1

    def _lose(self, tag: int) -> None:
        """An event up to `tag` will not come any more: only a sync that begins from now on holds it."""
        self.state = State.RESYNCING
        self._known = tag
        self._kept.clear()
        self._sync = None
        self.store.forget_participants()

    # --- Syncs --------------------------------------------------------------------------------------

    def begin_sync(self) -> Sync:
        """Ask with its `cursor` and hand every answer to `take_answer`. One that failed is simply begun anew; one that
        nobody needed (polling) does no harm."""
        self.state = State.RESYNCING
        self._sync = sync = Sync(self.cursor, self._known)
        self._kept.clear()
        return sync

    def take_answer(self, sync: Sync, answer: Answer) -> bool:
        """Whether to ask on, with the sync's new `cursor`. False too for one that has become worthless meanwhile."""
        if sync is not self._sync:
            return False
        sync.cursor = answer["cursor"]
        sync.answers.append(answer)
        if not answer["more"]:
            self.finish(sync)
        return bool(answer["more"])

    def finish(self, sync: Sync) -> None:
        """End the sync: that was the last answer, or nothing has changed."""
        if sync is not self._sync:
            return
        self._sync = None
        self.store.take(sync.answers)
        self.cursor, self.tag = sync.cursor, sync.covers
        self.state = State.LIVE
        self.syncs += 1
        kept, self._kept = self._kept, []
        for first, events in kept:
            if first > self.tag + 1:
                self._lose(self._known)
                return
            self._apply(first, events)
