"""The state machine frame by frame. What it means for the store is proven in tests/sync/."""

from __future__ import annotations

from typing import Any

import pytest

from chat.client.entities import Entity
from chat.client.mailbox import Mailbox, State
from chat.client.store import Store

ME = "me"


def organization(version: int) -> Entity:
    return {"id": "acme", "version": version}


def events(first: int, count: int = 1) -> dict[str, Any]:
    """Frames whose every event raises the version of the organization to its tag."""
    return {
        "op": "events",
        "tag": first,
        "events": [
            {"id": tag, "type": "organization.updated", "data": organization(tag)}
            for tag in range(first, first + count)
        ],
    }


def answer(version: int, cursor: str = "c1", **changes: Any) -> Entity:
    empty: Entity = {"conversations": [], "participants": [], "messages": [], "members": [], "members_gap": False}
    empty |= {"reports": [], "sanctions": []}
    me = {"id": ME, "version": 1}
    always = {"organization": organization(version), "me": me, "removed": {"conversations": [], "members": []}}
    return {"cursor": cursor, "full": False, "more": False, **empty, **always, **changes}


def hello(tag: int, outcome: str = "resumed") -> dict[str, Any]:
    return {"op": "hello", "tag": tag, "outcome": outcome}


@pytest.fixture
def live() -> Mailbox:
    """In step after tag 5."""
    mailbox = Mailbox(Store())
    mailbox.register(5)
    mailbox.receive(hello(5))
    assert mailbox.take_answer(mailbox.begin_sync(), answer(5, full=True)) is False
    return mailbox


def version(mailbox: Mailbox) -> int:
    found: int = mailbox.store.organization["version"]
    return found


def test_a_new_client_syncs_before_it_is_live() -> None:
    mailbox = Mailbox(Store())
    mailbox.register(7)
    mailbox.receive(hello(7))
    assert (mailbox.state, mailbox.wants_sync, mailbox.ack) == (State.RESYNCING, True, None)
    mailbox.take_answer(mailbox.begin_sync(), answer(3, "c9", full=True))
    assert (mailbox.state, mailbox.tag, mailbox.cursor, mailbox.ack) == (State.LIVE, 7, "c9", None)


def test_frames_in_order_are_applied_and_acked_once(live: Mailbox) -> None:
    live.receive(events(6))
    live.receive(events(7, 3))
    assert (live.tag, version(live), live.ack, live.unacked) == (9, 9, 9, 4)
    live.acked(9)
    assert (live.ack, live.unacked) == (None, 0)


def test_a_duplicate_is_acked_again(live: Mailbox) -> None:
    live.receive(events(6, 2))
    live.acked(7)
    live.receive(events(6, 2))
    assert (live.tag, live.ack) == (7, 7)


def test_of_an_overlapping_frame_the_new_part_is_applied(live: Mailbox) -> None:
    live.receive(events(6, 2))
    live.receive(events(7, 3))
    assert (live.tag, version(live)) == (9, 9)


@pytest.mark.parametrize(
    "frame", [events(7), {"op": "heartbeat", "tag": 6}, {"op": "signal", "tag": 6, "signal": {}}], ids=lambda f: f["op"]
)
def test_what_begins_too_late_is_a_gap(live: Mailbox, frame: dict[str, Any]) -> None:
    live.receive(frame)
    assert (live.state, live.wants_sync, live.tag) == (State.RESYNCING, True, 5)
    request = live.begin_sync()
    assert request.cursor == "c1"
    live.take_answer(request, answer(7))
    assert (live.state, live.tag) == (State.LIVE, frame["tag"])


@pytest.mark.parametrize("op", ["heartbeat", "signal"])
def test_a_heartbeat_at_the_own_tag_is_none(live: Mailbox, op: str) -> None:
    live.receive({"op": op, "tag": 5})
    assert live.state is State.LIVE


def test_frames_during_a_sync_are_applied_after_it(live: Mailbox) -> None:
    live.receive(events(7))
    request = live.begin_sync()
    live.receive(events(8))
    assert version(live) == 5
    live.take_answer(request, answer(7))
    assert (live.state, live.tag, version(live), live.ack) == (State.LIVE, 8, 8, 8)


def test_a_gap_among_the_kept_frames_is_a_gap(live: Mailbox) -> None:
    """Tag 9 is in neither: the answer was made before it, and its frame was lost."""
    live.receive(events(7))
    request = live.begin_sync()
    live.receive(events(8))
    live.receive(events(10))
    live.take_answer(request, answer(7))
    assert (live.state, live.tag) == (State.RESYNCING, 8)
    live.take_answer(live.begin_sync(), answer(10))
    assert (live.state, live.tag) == (State.LIVE, 10)


def test_a_lost_tail_among_the_kept_frames_is_a_gap(live: Mailbox) -> None:
    request = live.begin_sync()
    live.receive({"op": "heartbeat", "tag": 6})
    live.take_answer(request, answer(5))
    assert live.wants_sync


def test_an_emptied_mailbox_makes_the_sync_under_way_worthless(live: Mailbox) -> None:
    live.receive(events(7))
    request = live.begin_sync()
    live.receive({"op": "resync", "tag": 40, "reason": "overflow"})
    assert live.take_answer(request, answer(7)) is False
    assert (live.wants_sync, version(live), live.tag) == (True, 5, 5)
    live.take_answer(live.begin_sync(), answer(40))
    assert (live.tag, live.ack) == (40, 40)


def test_pages_are_applied_together(live: Mailbox) -> None:
    request = live.begin_sync()
    assert live.take_answer(request, answer(6, "page-2", more=True)) is True
    assert (request.cursor, live.cursor, version(live)) == ("page-2", "c1", 5)
    assert live.take_answer(request, answer(6, "c2")) is False
    assert (live.cursor, version(live)) == ("c2", 6)


def test_acks_stay_below_what_this_socket_has_sent(live: Mailbox) -> None:
    """The tag moved on by a sync while the socket was being opened with the old one; the server begins after that."""
    live.receive(events(8))
    request = live.begin_sync()
    live.receive(hello(5))
    live.take_answer(request, answer(8))
    assert (live.tag, live.ack) == (8, None)
    live.receive(events(6, 2))
    assert live.ack == 7
    live.acked(7)
    live.receive(events(8))
    assert (live.tag, live.ack) == (8, 8)


def test_a_mailbox_that_counts_from_lower_again_is_followed(live: Mailbox) -> None:
    """The database was restored: the tag that we had was never given out."""
    live.receive(hello(2, "resync"))
    live.take_answer(live.begin_sync(), answer(1, full=True))
    assert (live.state, live.tag) == (State.LIVE, 2)
    live.receive(events(3))
    assert live.tag == 3


def test_ops_of_a_later_version_are_ignored(live: Mailbox) -> None:
    live.receive({"op": "confetti", "tag": 99})
    assert (live.state, live.tag) == (State.LIVE, 5)
