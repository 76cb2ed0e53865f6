"""The recorded traces are what the server says today, and the client of this repository ends as they say.

`RECORD_TRACES=1 pytest tests/sync/test_traces.py` writes them anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import msgspec
import pytest
from django.db import connection

from accounts.actions import change_organization, change_profile, change_role
from accounts.models import Member
from accounts.roles import Role
from chat.actions.conversations import create_channel, start_direct, update_conversation
from chat.actions.messages import send_message
from chat.actions.participants import add_participant, change_participant, leave_conversation, remove_participant
from chat.actions.reactions import add_reaction
from chat.actions.read import mark_read, mark_unread
from chat.actions.revisions import delete_message, edit_message
from chat.client.mailbox import State
from chat.delivery.mailbox import mailbox
from chat.models import Conversation
from chat.queries.cursor import Cursor, here
from chat.queries.sync import answer, limits
from tests.cast import scope_of
from tests.sync.traces import FOLDER, Recorder, Trace, end_of, read, replay, write
from tests.sync.viewer import Viewer

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Stage:
    alice: Member
    bob: Member
    gus: Member
    town: Conversation
    said: int = 0

    def say(
        self,
        member: Member,
        text: str,
        *,
        where: Conversation | None = None,
        thread: UUID | None = None,
        read: int | None = None,
    ) -> UUID:
        self.said += 1
        there, ref = (where or self.town).pk, UUID(int=self.said)
        return send_message(member, there, text=text, ref=ref, thread_id=thread, read=read).message.id

    def watch(self, member: Member) -> Recorder:
        """A client of the member for which nothing is recorded yet but its registration and its first sync."""
        recorder = Recorder(Viewer.arrive(member.handle, member))
        recorder.hello()
        recorder.sync()
        return recorder


def a_day(stage: Stage) -> Trace:
    bob = stage.watch(stage.bob)
    first = stage.say(stage.alice, "Good **morning** @bob")
    bob.events()
    second = stage.say(stage.bob, "Tea?", thread=first)
    bob.events()
    edit_message(stage.bob, second, text="Coffee?")
    add_reaction(stage.gus, second, emoji="👍")
    update_conversation(stage.alice, stage.town.pk, name="city", topic="with coffee")
    bob.events()
    delete_message(stage.bob, second)
    third = stage.say(stage.alice, "Two, please")
    mark_read(stage.bob, stage.town.pk, seq=3)
    change_participant(stage.alice, stage.town.pk, member_id=stage.bob.pk, role="admin")  # type: ignore[arg-type]
    change_profile(stage.gus, name="Gustav")
    change_organization(stage.alice, description="Anvils")
    start_direct(stage.alice, kind="direct", members=[stage.bob.pk])
    add_reaction(stage.bob, third, emoji="🎉")
    bob.events()
    return bob.trace("Messages, an answer, changes of everything; every frame arrives")


def in_and_out(stage: Stage) -> Trace:
    stage.say(stage.alice, "from before")
    bob = stage.watch(stage.bob)
    stage.say(stage.alice, "he will not see this")
    remove_participant(stage.alice, stage.town.pk, member_id=stage.bob.pk)
    bob.events()
    stage.say(stage.alice, "nor this, before he is back")
    add_participant(stage.alice, stage.town.pk, member_id=stage.bob.pk)
    stage.say(stage.alice, "welcome back")
    bob.events()
    return bob.trace("Out of a channel and in again; what was waiting for him became his removal, twice")


def a_gap(stage: Stage) -> Trace:
    bob = stage.watch(stage.bob)
    stage.say(stage.alice, "one")
    bob.events()
    stage.say(stage.alice, "two, which is lost")
    stage.say(stage.alice, "three")
    bob.events(lose=1)

    def meanwhile() -> None:
        stage.say(stage.alice, "four")
        bob.events(during=True)

    bob.sync(during=meanwhile)
    stage.say(stage.alice, "five, lost with nothing after it")
    bob.events(lose=1)
    bob.frame({"op": "heartbeat", "tag": bob.viewer.entries()[-1][0]})
    bob.sync()
    return bob.trace("A lost frame is found by the next one, a lost tail by a heartbeat; frames are kept meanwhile")


def a_long_sleep(stage: Stage) -> Trace:
    for number in range(5):
        stage.say(stage.alice, f"before {number}")
    bob = stage.watch(stage.bob)
    for number in range(6):
        stage.say(stage.alice, f"while he slept {number}")
    create_channel(stage.alice, kind="private", name="attic", members=[stage.bob.pk])
    create_channel(stage.alice, kind="private", name="cellar", members=[stage.bob.pk, stage.gus.pk])
    mailbox().truncate([bob.viewer.client.pk])
    bob.viewer.client.refresh_from_db()
    bob.viewer.server.limit = 2
    bob.hello("resync", tag=bob.viewer.client.tag)
    bob.sync()
    return bob.trace("The mailbox was emptied: a delta in two pages, the history of one channel with a gap")


def late_events(stage: Stage) -> Trace:
    remove_participant(stage.alice, stage.town.pk, member_id=stage.bob.pk)
    bob = stage.watch(stage.bob)
    add_participant(stage.alice, stage.town.pk, member_id=stage.bob.pk)
    beginning = bob.viewer.entries()
    remove_participant(stage.alice, stage.town.pk, member_id=stage.bob.pk)
    mailbox().truncate([bob.viewer.client.pk])
    bob.sync(poll=True)
    bob.frame({"op": "events", "tag": beginning[0][0], "events": [event for _, event in beginning]})
    bob.viewer.client.refresh_from_db()
    bob.frame({"op": "resync", "tag": bob.viewer.client.tag, "reason": "overflow"})
    bob.sync()
    return bob.trace("Frames older than a sync bring a channel back; the resync that follows takes it away again")


def a_guest(stage: Stage) -> Trace:
    hall = create_channel(stage.alice, kind="private", name="hall", members=[stage.gus.pk])
    stage.say(stage.bob, "read by the guest")
    gus = stage.watch(stage.gus)
    leave_conversation(stage.bob, stage.town.pk)
    change_profile(stage.bob, name="Robert")
    gus.events()
    leave_conversation(stage.gus, stage.town.pk)
    change_role(stage.alice, stage.bob, role=Role.MODERATOR)
    stage.say(stage.alice, "still here", where=hall)
    gus.events()
    return gus.trace("A guest knows everybody who wrote where they are, and forgets them with the conversation")


def undisturbed(member: Member) -> Cursor:
    """The cursor of a database in which nothing else is under way. Other tests share the server, and while one of their
    transactions is open, answers repeat what was returned before: right, but not the same every time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(xid)::text::bigint + 1 FROM chat_event")
        (until,) = cursor.fetchone()
    return msgspec.structs.replace(here(member), until=until)


def what_is_read(stage: Stage) -> Trace:
    """Bob follows one thread and not the other; he reads the main line, then one of them, and writes in between."""
    bob = stage.watch(stage.bob)
    own = stage.say(stage.bob, "Lunch?")
    other = stage.say(stage.alice, "Invoices")
    stage.say(stage.alice, "At noon", thread=own)
    mistake = stage.say(stage.gus, "Me as well", thread=other)
    stage.say(stage.alice, "pay the invoice today")
    bob.events()
    mark_read(stage.bob, stage.town.pk, seq=5)
    stage.say(stage.bob, "on my way", thread=own)
    bob.events()
    stage.say(stage.gus, "so am I", thread=own)
    delete_message(stage.gus, mistake)
    stage.say(stage.alice, "another one, unread")
    stage.say(stage.bob, "written without having seen it")
    bob.events()
    mark_read(stage.bob, stage.town.pk, seq=7, thread_id=own)
    stage.say(stage.gus, "and one more")
    stage.say(stage.bob, "written having seen all of it", read=10)
    bob.events()
    mark_unread(stage.bob, stage.town.pk, seq=10)
    stage.say(stage.alice, "the last")
    bob.events()
    return bob.trace("Threads that are followed or not, sends that say what was shown, a tombstone, a mark")


TRACES: dict[str, Callable[[Stage], Trace]] = {
    "a-day": a_day,
    "in-and-out": in_and_out,
    "a-gap": a_gap,
    "a-long-sleep": a_long_sleep,
    "late-events": late_events,
    "a-guest": a_guest,
    "what-is-read": what_is_read,
}


@pytest.mark.parametrize("name", TRACES)
def test_trace_is_current(
    name: str, alice: Member, bob: Member, gus: Member, town: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MESSAGES", 4)
    monkeypatch.setattr(answer, "here", undisturbed)
    with scope_of(alice):
        trace = TRACES[name](Stage(alice, bob, gus, town))
    if os.environ.get("RECORD_TRACES"):
        write(name, trace)
    assert read(name) == trace


@pytest.mark.parametrize("name", TRACES)
def test_client_ends_as_the_trace_says(name: str) -> None:
    trace = read(name)
    client = replay(trace)
    assert client.state is State.LIVE
    assert end_of(client) == trace["end"]
    assert client.store.me == trace["me"]


def test_there_are_no_other_traces() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(TRACES)
