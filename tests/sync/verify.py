"""The proof for one action: all who may see its effect end with what the server answers to a sync from nothing.

Zulip's `verify_action` (take the state, run the action, apply its events, compare with the state fetched afresh) for
several people at once, and for every way in which delivery can go wrong: twice, without any one event, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from accounts.models import Member
from chat.client.entities import Entity
from chat.client.mailbox import Mailbox
from tests.sync.viewer import Viewer, fresh, is_live, load_everything, projection, synchronize

Received = dict[str, list[str]]
"""Viewer → the types of the events that came, in order; viewers who received nothing are left out."""


def verify_delivery(people: Mapping[str, Member], action: Callable[[], Any]) -> Received:
    """`people`: by the name under which they appear in the answer. Everybody looks on with one client; a second client
    of the same member is a second name for them. A member whom the action deactivates stops looking on."""
    viewers = [Viewer.arrive(name, member) for name, member in people.items()]
    action()
    received = {viewer.name: _verify(viewer) for viewer in viewers if _still_there(viewer)}
    return {name: types for name, types in received.items() if types}


def _still_there(viewer: Viewer) -> bool:
    viewer.server.member.refresh_from_db(fields=["deactivated_at"])
    return viewer.server.member.is_active


def _verify(viewer: Viewer) -> list[str]:
    entries = viewer.entries()
    tags, events = [tag for tag, _ in entries], [event for _, event in entries]
    first = viewer.client.tag + 1
    assert tags == list(range(first, first + len(tags))), f"{viewer.name}: tags are not dense"
    wanted = projection(fresh(viewer.server))

    once = _follow(viewer, [(first, events)])
    _expect(viewer, once, wanted, "events")
    assert once.ack == (tags[-1] if tags else None)
    _expect(viewer, _follow(viewer, [(first, events), (first, events)]), wanted, "the same frames twice")
    _expect(viewer, _apply_twice(viewer, events), wanted, "the same events twice")
    for lost in range(len(events)):
        _verify_loss(viewer, events, lost, wanted)
    _verify_sync(viewer, events, wanted)
    return [event["type"] for event in events]


def _follow(viewer: Viewer, frames: list[tuple[int, list[Entity]]]) -> Mailbox:
    mailbox = viewer.copy()
    mailbox.receive(viewer.hello())
    for first, events in frames:
        mailbox.receive({"op": "events", "tag": first, "events": events})
    assert is_live(mailbox), f"{viewer.name}: was lost where nothing was"
    return mailbox


def _apply_twice(viewer: Viewer, events: list[Entity]) -> Mailbox:
    """Past the tags, which keep duplicates out: applying is harmless by itself."""
    mailbox = viewer.copy()
    for event in [*events, *events]:
        mailbox.store.apply(event)
    return mailbox


def _verify_loss(viewer: Viewer, events: list[Entity], lost: int, wanted: dict[str, Any]) -> None:
    """Without any one event the next frame, at the latest a heartbeat, shows that something is missing."""
    mailbox = viewer.copy()
    mailbox.receive(viewer.hello())
    first = viewer.client.tag + 1
    for number, event in enumerate(events):
        if number != lost:
            mailbox.receive({"op": "events", "tag": first + number, "events": [event]})
    mailbox.receive({"op": "heartbeat", "tag": first + len(events) - 1})
    assert not is_live(mailbox), f"{viewer.name}: the loss of event {lost} was not noticed"
    synchronize(mailbox, viewer.server)
    _expect(viewer, mailbox, wanted, f"a resync without event {lost}")
    assert mailbox.tag == first + len(events) - 1


def _verify_sync(viewer: Viewer, events: list[Entity], wanted: dict[str, Any]) -> None:
    """Without a socket, and with a socket that brings late what the sync has returned already."""
    for late in (0, len(events)):
        mailbox = viewer.copy()
        request = mailbox.begin_sync()
        mailbox.receive({"op": "events", "tag": viewer.client.tag + 1, "events": events[:late]})
        more = mailbox.take_answer(request, viewer.server.sync(request.cursor))
        assert not more and not request.answers[0]["full"]
        _expect(viewer, mailbox, wanted, f"a sync and {late} late events")


def _expect(viewer: Viewer, mailbox: Mailbox, wanted: dict[str, Any], after: str) -> None:
    load_everything(mailbox.store, viewer.server)
    got = projection(mailbox.store)
    for part, value in wanted.items():
        assert got[part] == value, f"{viewer.name} after {after}: {part} differ"
