"""Recorded traces: what a client received in real runs, and what it knows in the end, for clients in any language.

A file of tests/sync/traces/ is

    {"about": what happens, "me": the caller's member, "tag": where the client's mailbox begins,
     "steps": [{"frame": …}, {"sync": {"cursor": …, "answers": […]}}, …],
     "end": {"tag", "cursor", "organization", "members": […], "conversations": [{"conversation", "whole_from",
             "participants_known", "participants": […], "messages": […]}, …]}}

Feed the frames in order. `sync` is where the client has to ask, with that cursor (with `"poll": true` it need not, but
does); its answers are the pages. Frames with `"during": true` arrive between its asking and its first answer. In the
end compare: conversations that the caller takes part in, by id; of their participants those who are there, of their
messages those from `whole_from` on; members by id.

Ids, times and cursors are numbered in the order in which they were made, so that a new run gives the same file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chat.client.entities import Entity
from chat.client.mailbox import Mailbox
from chat.client.room import Room
from chat.client.store import Store
from tests.sync.viewer import Viewer

FOLDER = Path(__file__).parent / "traces"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")

Trace = dict[str, Any]


@dataclass
class Recorder:
    """A viewer whose every step is written down."""

    viewer: Viewer
    mailbox: Mailbox = field(default_factory=lambda: Mailbox(Store()))
    steps: list[dict[str, Any]] = field(default_factory=list)
    taken: int = 0  # entries of the mailbox that were sent

    def __post_init__(self) -> None:
        self.begin = self.viewer.client.tag
        self.mailbox.register(self.begin)

    def frame(self, frame: dict[str, Any], **note: Any) -> None:
        self.steps.append({"frame": frame, **note})
        self.mailbox.receive(frame)

    def hello(self, outcome: str = "resumed", *, tag: int | None = None) -> None:
        at = self.mailbox.tag if tag is None else tag
        self.frame({"op": "hello", "tag": at, "outcome": outcome, "pending": 0, "heartbeat": 25, "window": 256})

    def events(self, *, lose: int = 0, **note: Any) -> None:
        """What came into the mailbox meanwhile, in one frame; the first `lose` of them do not arrive."""
        entries = self.viewer.entries()[self.taken + lose :]
        self.taken += lose + len(entries)
        if entries:
            self.frame({"op": "events", "tag": entries[0][0], "events": [event for _, event in entries]}, **note)

    def sync(self, *, during: Callable[[], None] | None = None, poll: bool = False) -> None:
        """`during`: what happens, and arrives, after the first answer was made and before it comes."""
        request = self.mailbox.begin_sync()
        step: dict[str, Any] = {"cursor": request.cursor, "answers": []}
        self.steps.append({"sync": step, "poll": True} if poll else {"sync": step})
        answer = self.viewer.server.sync(request.cursor)
        if during is not None:
            during()
        step["answers"].append(answer)
        while self.mailbox.take_answer(request, answer):
            answer = self.viewer.server.sync(request.cursor)
            step["answers"].append(answer)

    def trace(self, about: str) -> Trace:
        me = self.mailbox.store.me
        return _numbered(
            {"about": about, "me": me, "tag": self.begin, "steps": self.steps, "end": end_of(self.mailbox)}
        )


def replay(trace: Trace) -> Mailbox:
    """The trace through the client of this repository."""
    mailbox = Mailbox(Store())
    mailbox.register(trace["tag"])
    steps = list(trace["steps"])
    while steps:
        step = steps.pop(0)
        if "frame" in step:
            mailbox.receive(step["frame"])
            continue
        assert mailbox.wants_sync is not step.get("poll", False)
        request = mailbox.begin_sync()
        assert request.cursor == step["sync"]["cursor"]
        while steps and steps[0].get("during"):
            mailbox.receive(steps.pop(0)["frame"])
        more = [mailbox.take_answer(request, answer) for answer in step["sync"]["answers"]]
        assert more == [True] * (len(more) - 1) + [False]
    return mailbox


def end_of(mailbox: Mailbox) -> dict[str, Any]:
    store = mailbox.store
    return {
        "tag": mailbox.tag,
        "cursor": mailbox.cursor,
        "organization": store.organization,
        "members": _by_id(store.members.values()),
        "conversations": [_room(room) for room in sorted(store.own_rooms(), key=lambda room: room.conversation["id"])],
    }


def _room(room: Room) -> dict[str, Any]:
    return {
        "conversation": room.conversation,
        "whole_from": room.whole_from,
        "participants_known": room.participants_known,
        "participants": sorted(room.participants, key=lambda participant: participant["member"]),
        "messages": room.history,
    }


def _by_id(entities: Iterable[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda entity: entity["id"])


def write(name: str, trace: Trace) -> None:
    (FOLDER / f"{name}.json").write_text(_text(trace))


def read(name: str) -> Trace:
    trace: Trace = json.loads((FOLDER / f"{name}.json").read_text())
    return trace


def _text(trace: Trace) -> str:
    return json.dumps(trace, indent=1, ensure_ascii=False) + "\n"


def _numbered(trace: Trace) -> Trace:
    """Every id, time, event number and cursor by its place among its like."""
    text = _text(trace)
    ids = {id: f"00000000-0000-7000-8000-{number:012d}" for number, id in enumerate(sorted({*UUID.findall(text)}), 1)}
    times = {
        time: f"2026-01-01T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
        for number, time in enumerate(sorted({*TIME.findall(text)}, key=_moment))
    }
    text = UUID.sub(lambda found: ids[found[0]], TIME.sub(lambda found: times[found[0]], text))
    numbered: Trace = json.loads(text)
    cursors: dict[str, str] = {"": ""}
    for step in numbered["steps"]:
        _number_cursors(step.get("sync"), cursors)
    numbered["end"]["cursor"] = cursors[numbered["end"]["cursor"]]
    _number_events([event for step in numbered["steps"] for event in step.get("frame", {}).get("events", ())])
    return numbered


def _moment(time: str) -> str:
    """Sorts times with and without a fraction."""
    return time.removesuffix("Z").ljust(26, "0") if "." in time else time.removesuffix("Z") + ".000000"


def _number_cursors(sync: dict[str, Any] | None, cursors: dict[str, str]) -> None:
    if sync is not None:
        sync["cursor"] = cursors[sync["cursor"]]
        for answer in sync["answers"]:
            answer["cursor"] = cursors.setdefault(answer["cursor"], f"cursor-{len(cursors)}")


def _number_events(events: list[Entity]) -> None:
    numbers = {id: number for number, id in enumerate(sorted({event["id"] for event in events}), 1)}
    for event in events:
        event["id"] = numbers[event["id"]]
