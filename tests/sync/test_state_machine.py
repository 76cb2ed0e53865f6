"""After any events in any order every client's store ends as what the server returns to its member from nothing, and
everybody has unread what a count message by message says (tests/sync/reading.py). Of that, as much concerns each member
as a judgement message by message says (tests/sync/attention.py).

By default a few runs, always the same: 5 s of a core with each backend, 15 s in the whole suite. Depth is elsewhere:
`make search` looks for an hour, and in other places every time; `make chaos` does so to real processes.
"""

from __future__ import annotations

import faulthandler
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, Phase, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from accounts import actions as accounts
from accounts.models import Member, Organization
from accounts.roles import Role
from accounts.tenancy import every_organization, organization_scope
from chat.actions import (
    conversations,
    messages,
    moderation,
    participants,
    pins,
    purge,
    reactions,
    read,
    report_decisions,
    reports,
    retention,
    revisions,
    sanctions,
    statuses,
)
from chat.actions.clients import close_client
from chat.client.mailbox import State
from chat.delivery import store
from chat.delivery.mailbox import mailbox
from chat.errors import Refusal
from chat.models import Attention, Conversation, Message, Participant, Report
from chat.models.statuses import Status
from chat.queries.sync import limits
from tests.cast import make_member
from tests.support.following import Following
from tests.support.search import LONG, examples
from tests.sync.attention import Attention as AttentionByHand
from tests.sync.reading import Reading
from tests.sync.world import Device, World, empty_stores

EXAMPLES = {"postgres": examples(12, long=4000), "valkey": examples(9, long=1000)}
# Making a failure small takes minutes, so it is left to the long profile, which finds the kept example again.
PHASES = [phase for phase in Phase if LONG or phase is not Phase.shrink]
STEPS = 50
DEVICES = 8  # of all members together
RETENTION = 30  # days
# What happens, one after the other, between a question and its answer: chance alone would seldom say it in this order.
MEANWHILE = [
    ["missed", "heard"],
    ["heard", "missed"],
    ["heard", "removal", "new socket"],
    ["heard", "new socket", "missed", "heard"],
    ["missed", "removal", "heard"],
    ["heard", "new client", "heard"],
    ["new client", "missed"],
]
# The last three are nothing to mailboxes in the database.
TROUBLES = [
    *["compare", "crash", "overflow", "force", "full", "forget", "purge", "expire"],
    *["die after commit", "catch up", "lose Valkey"],
]

member = st.integers(0, 3)
some = st.integers(0, 15)  # which of the things there are, modulo their number
positions = st.none() | st.integers(0, 12)  # up to where the main line was shown
fates = st.lists(st.sampled_from(["arrives", "arrives", "arrives", "is lost", "arrives twice"]), min_size=1, max_size=6)
texts = st.sampled_from(["hello", "hello @bob", "@gus hello @alice", "the plan", "hello @channel", "x" * 400])


def sender(member: Member) -> dict[str, UUID]:
    return {"organization_id": member.organization_id, "member_id": member.pk}


class Delivery(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        empty_stores()
        self.world = World()
        acme = Organization.objects.create(slug="acme", name="Acme", retention_days=RETENTION)
        globex = Organization.objects.create(slug="globex", name="Globex")
        roles = {"Alice": Role.OWNER, "Bob": Role.MEMBER, "Dora": Role.MEMBER, "Gus": Role.GUEST}
        self.reading, self.attention, self.followers = Reading(), AttentionByHand(), Following()
        self.members = [make_member(acme, name, role=role) for name, role in roles.items()]
        self.charlie = self.world.add_device(make_member(globex, "Charlie", role=Role.OWNER))
        self.posts: list[messages.Post] = []
        for each in self.members:
            self.world.add_device(each)
        for device in self.world.devices:
            self.world.connect(device)
        self.act(0, self.open_rooms)
        self.world.settle()

    def open_rooms(self, alice: Member) -> None:
        everybody = [each.pk for each in self.members[1:]]
        conversations.create_channel(alice, kind="public", name="square", members=everybody)
        conversations.create_channel(alice, kind="private", name="cellar", members=everybody[1:])

    # --- What people do -----------------------------------------------------------------------------

    def act(self, who: int, action: Callable[[Member], Any]) -> None:
        """As the member, if they may: as the middleware does, they are read anew, and nobody who is out gets in."""
        with organization_scope(self.members[who].organization_id):
            actor = Member.objects.select_related("organization", "user").get(pk=self.members[who].pk)
            if not actor.is_active:
                return
            try:
                action(actor)
            except Refusal as refusal:
                note(f"refused: {refusal}")
            self.reading.notice()

    def send(self, *posts: messages.Post) -> None:
        """Send them, and note what that says about what the writer was shown."""
        shown = [self.reading.shows(post) for post in posts]
        for post, seqs, outcome in zip(posts, shown, messages.send_messages(posts), strict=True):
            if post.read is not None and seqs is not None and isinstance(outcome, messages.Sent) and outcome.created:
                self.reading.show(post.member_id, post.conversation_id, post.read, seqs)

    def read(self, actor: Member, room: UUID, seq: int) -> None:
        """The main line was shown up to `seq`."""
        seqs = self.reading.main_line(actor.pk, room, seq)
        read.mark_read(actor, room, seq=seq)
        self.reading.show(actor.pk, room, seq, seqs)

    def read_thread(self, actor: Member, room: UUID, seq: int, head: UUID) -> None:
        read.mark_read(actor, room, seq=seq, thread_id=head)
        self.reading.show_thread(actor.pk, room, seq, head)

    def pick(self, which: int) -> UUID:
        rows = list(Conversation.objects.order_by("created_at", "pk").values_list("pk", flat=True))
        return rows[which % len(rows)]

    def pick_message(self, which: int) -> Message | None:
        rows = list(Message.objects.order_by("-created_at", "pk")[:16])
        return rows[which % len(rows)] if rows else None

    @rule(who=member, where=some, count=st.sampled_from([1, 1, 2, 5]), text=texts, ref=st.uuids(), shown=positions)
    def say(self, *, who: int, where: int, count: int, text: str, ref: UUID, shown: int | None) -> None:
        def send(actor: Member) -> None:
            refs = [UUID(int=(ref.int + number) % 2**128) for number in range(count)]
            room = self.pick(where)
            posts = [
                messages.Post(**sender(actor), conversation_id=room, text=text, ref=each, read=shown) for each in refs
            ]
            self.posts += posts
            self.send(*posts)

        self.act(who, send)

    @precondition(lambda self: self.posts)
    @rule(which=some)
    def say_again(self, which: int) -> None:
        """The answer was lost: the same ref is sent once more, and is no second message."""
        post = self.posts[-1 - which % len(self.posts)]
        who = next(number for number, each in enumerate(self.members) if each.pk == post.member_id)
        self.act(who, lambda actor: self.send(post))
        with every_organization():
            assert Message.objects.filter(author_id=post.member_id, ref=post.ref).count() <= 1

    @rule(
        who=member,
        which=some,
        what=st.sampled_from(["edit", "delete", "react", "unreact", "reply", "reply"]),
        text=texts,
        ref=st.uuids(),
        shown=positions,
    )
    def touch(self, *, who: int, which: int, what: str, text: str, ref: UUID, shown: int | None) -> None:
        def change(actor: Member) -> None:
            message = self.pick_message(which)
            if message is None:
                return
            match what:
                case "edit":
                    revisions.edit_message(actor, message.pk, text=text)
                case "delete":
                    revisions.delete_message(actor, message.pk)
                case "react":
                    reactions.add_reaction(actor, message.pk, emoji="👍")
                case "unreact":
                    reactions.remove_reaction(actor, message.pk, emoji="👍")
                case "reply":
                    room, thread = message.conversation_id, message.pk
                    post = messages.Post(
                        **sender(actor), conversation_id=room, text=text, ref=ref, thread_id=thread, read=shown
                    )
                    self.send(post)

        self.act(who, change)

    @rule(
        who=member, which=some, what=st.sampled_from(["pin", "unpin", "report", "decide", "hide", "restore", "remove"])
    )
    def moderate(self, who: int, which: int, what: str) -> None:
        measures: dict[str, Callable[[Member, UUID], Any]] = {
            "pin": pins.pin_message,
            "unpin": pins.unpin_message,
            "report": partial(reports.report_message, reason=Report.Reason.SPAM),
            "decide": self.decide,
            "hide": partial(moderation.hide_message, reason="rude"),
            "restore": partial(moderation.restore_message, reason="not so rude"),
            "remove": partial(moderation.remove_message, reason="very rude"),
        }

        def change(actor: Member) -> None:
            message = self.pick_message(which)
            if message is not None:
                measures[what](actor, message.pk)

        self.act(who if what in {"pin", "unpin", "report"} else 0, change)

    def decide(self, actor: Member, message_id: UUID) -> None:
        found = Report.objects.filter(message=message_id, decided_at=None).values_list("pk", flat=True)
        report_decisions.decide_reports(actor, list(found), state=Report.State.DISMISSED)

    @rule(whom=member, what=st.sampled_from(["warn", "mute", "suspend", "lift mute", "lift suspension"]))
    def discipline(self, whom: int, what: str) -> None:
        def change(alice: Member) -> None:
            subject = self.members[whom].pk
            match what:
                case "warn":
                    sanctions.warn_member(alice, subject, reason="rude")
                case "mute":
                    sanctions.mute_member(alice, subject, reason="rude", until=timezone.now() + timedelta(hours=1))
                case "suspend":
                    sanctions.suspend_member(alice, subject, reason="rude")
                case "lift mute" | "lift suspension":
                    sanctions.lift_sanction(alice, subject, kind=what.removeprefix("lift "), reason="enough")

        self.act(0, change)

    @rule(who=member, where=some, what=st.sampled_from(["read", "read all", "unread", "prefer"]), number=some)
    def look_after(self, who: int, where: int, what: str, number: int) -> None:
        def change(actor: Member) -> None:
            room = self.pick(where)
            match what:
                case "read":
                    self.read(actor, room, number)
                case "read all":
                    read.mark_read(actor, room, seq=number, threads=True)
                    self.reading.show_all(actor.pk, room, number)
                case "unread":
                    read.mark_unread(actor, room, seq=number)
                    self.reading.mark(actor.pk, room, number)
                case "prefer":
                    participants.change_preferences(actor, room, muted=bool(number % 2), favourite=number > 7)

        self.act(who, change)

    @rule(
        which=some,
        where=some,
        number=some,
        what=st.sampled_from(["look", "look", "open a thread", "write", "reply"]),
        ref=st.uuids(),
    )
    def use(self, *, which: int, where: int, number: int, what: str, ref: UUID) -> None:
        """Somebody looks at what their device has, or writes there. What that says waits until it gets out."""
        device = self.device(which)
        rooms = sorted(device.store.own_rooms(), key=lambda each: str(each.conversation["id"]))
        if not rooms or device.member not in self.members:
            return
        room = rooms[where % len(rooms)]
        known = [room.messages[seq] for seq in sorted(room.messages, reverse=True)]
        replies = [each for each in known if each["thread"]]
        message = known[number % len(known)] if known else None
        id, me = UUID(room.conversation["id"]), device.member
        match what:
            case "look" if message and not message["thread"]:
                device.shown[id] = max(message["seq"], device.shown.get(id, 0))
                device.unsent.append(partial(self.read, room=id, seq=message["seq"]))
            case "open a thread" if replies:
                reply = replies[number % len(replies)]
                head = UUID(reply["thread"])
                device.unsent.append(partial(self.read_thread, room=id, seq=reply["seq"], head=head))
            case "write" | "reply" if message or what == "write":
                thread = UUID(message["id"]) if message and what == "reply" else None
                post = messages.Post(
                    **sender(me), conversation_id=id, text="hello", ref=ref, thread_id=thread, read=device.shown.get(id)
                )
                device.unsent.append(lambda _: self.send(post))

    @rule(which=some, count=st.integers(1, 3), twice=st.booleans())
    def get_out(self, *, which: int, count: int, twice: bool) -> None:
        """What waited on a device reaches the server, the answer to the last perhaps not: then it comes again."""
        device = self.device(which)
        sent = [device.unsent.popleft() for _ in range(min(count, len(device.unsent)))]
        for action in [*sent, *(sent[-1:] if twice else ())]:
            self.act(self.members.index(device.member), action)

    @rule(who=member, where=some, whom=member, what=st.sampled_from(["join", "leave", "add", "remove", "admin"]))
    def participant(self, who: int, where: int, whom: int, what: str) -> None:
        def change(actor: Member) -> None:
            room, subject = self.pick(where), self.members[whom].pk
            match what:
                case "join":
                    participants.join_conversation(actor, room)
                case "leave":
                    participants.leave_conversation(actor, room)
                case "add":
                    participants.add_participant(actor, room, member_id=subject)
                case "remove":
                    participants.remove_participant(actor, room, member_id=subject)
                case "admin":
                    participants.change_participant(actor, room, member_id=subject, role=Participant.Role.ADMIN)

        self.act(who, change)

    @rule(
        who=member,
        where=some,
        others=st.sets(member, min_size=1),
        what=st.sampled_from(["open", "talk", "topic", "archive"]),
    )
    def room(self, who: int, where: int, others: set[int], what: str) -> None:
        def change(actor: Member) -> None:
            people = [self.members[other].pk for other in sorted(others - {who})]
            match what:
                case "open":
                    kind: Any = "public" if where % 2 else "private"
                    conversations.create_channel(actor, kind=kind, name=f"room{where}", members=people)
                case "talk":
                    kind = "direct" if len(people) < 2 else "group"
                    conversations.start_direct(actor, kind=kind, members=people)
                case "topic":
                    conversations.update_conversation(actor, self.pick(where), topic=f"{sorted(others)}")
                case "archive":
                    conversations.archive_conversation(actor, self.pick(where), archived=len(others) > 2, reason="over")

        self.act(who, change)

    @rule(
        whom=member,
        name=st.sampled_from(["Ann", "Ben"]),
        what=st.sampled_from(["rename", "describe", "role", "in", "out", "keywords"]),
    )
    def staff(self, whom: int, name: str, what: str) -> None:
        def change(alice: Member) -> None:
            subject = Member.objects.get(pk=self.members[whom].pk)
            match what:
                case "rename":
                    accounts.change_profile(subject, name=name)
                case "keywords":
                    accounts.change_preferences(subject, keywords=["plan"] if name == "Ann" else [])
                case "describe":
                    accounts.change_organization(alice, description=name)
                case "role" if whom:
                    role = Role.GUEST if name == "Ann" and subject.role != Role.GUEST else Role.MEMBER
                    accounts.change_role(alice, subject, role=role)
                case "in":
                    accounts.reactivate_member(alice, subject)
                case "out" if whom and name == "Ann":
                    accounts.deactivate_member(alice, subject)

        self.act(0, change)

    @rule(who=member, text=st.sampled_from(["Lunch", "Holiday"]), what=st.sampled_from(["set", "clear", "expire"]))
    def status(self, who: int, text: str, what: str) -> None:
        def change(actor: Member) -> None:
            match what:
                case "set":
                    statuses.set_status(actor, text=text, until=timezone.now() + timedelta(hours=1))
                case "clear":
                    statuses.clear_status(actor)
                case "expire":
                    Status.objects.filter(member=actor).update(until=timezone.now())
                    statuses.clear_expired_statuses()

        self.act(who, change)

    # --- What happens to clients --------------------------------------------------------------------

    def device(self, which: int) -> Device:
        return self.world.devices[which % len(self.world.devices)]

    @rule(lost=st.sampled_from([0, 0, 0, 1, 3]), backwards=st.booleans(), fates=fates, acked=st.booleans())
    def flow(self, *, lost: int, backwards: bool, fates: list[Any], acked: bool) -> None:
        """Wake-ups, frames and acks for everybody."""
        self.world.wake(lost=lost, backwards=backwards)
        for device in self.world.devices:
            self.world.receive(device, fates)
            if acked:
                self.world.acknowledge(device)
        if acked:
            self.world.flush()

    @rule(which=some, fates=fates)
    def receive(self, which: int, fates: list[Any]) -> None:
        self.world.receive(self.device(which), fates)
        self.world.acknowledge(self.device(which))

    @rule(which=some)
    def heartbeat(self, which: int) -> None:
        self.world.beat(self.device(which))

    @rule(which=some, what=st.sampled_from(["connect", "disconnect", "lose an ack", "get another"]))
    def socket(self, which: int, what: str) -> None:
        device = self.device(which)
        if what == "disconnect":
            self.world.disconnect(device)
        elif what == "lose an ack":
            self.world.acknowledge(device, lost=True)
        elif self.world.may_come(device):
            another = what == "get another" and len(self.world.devices) < DEVICES
            self.world.connect(self.world.add_device(device.member) if another else device)

    @rule(which=some, what=st.sampled_from(["ask", "ask", "answer", "answer", "answer", "lose"]))
    def sync(self, which: int, what: str) -> None:
        """A sync that is wanted anyway comes before any that is not."""
        wanting = [each for each in self.world.devices if each.mailbox.state is State.RESYNCING]
        device = wanting[which % len(wanting)] if wanting else self.device(which)
        if what == "lose":
            device.asked = None
        elif self.world.may_come(device):
            (self.world.ask if what == "ask" else self.world.answer)(device)

    @rule(which=some, who=some, where=some, ref=st.uuids(), meanwhile=st.sampled_from(MEANWHILE))
    def wait(self, which: int, who: int, where: int, ref: UUID, meanwhile: list[str]) -> None:
        """What happens between a question and its answer, in a conversation of the member who asked."""
        device = self.device(which)
        if not self.world.may_come(device):
            return
        with every_organization():
            participants = Participant.objects.filter(left_at=None).order_by("joined_at", "pk")
            rooms = list(participants.filter(member=device.member).values_list("conversation", flat=True))
            room = rooms[where % len(rooms)] if rooms else None
            writers = list(participants.filter(conversation=room).values_list("member", flat=True))
        self.world.ask(device)
        for number, what in enumerate(meanwhile if room else ()):
            fresh = UUID(int=(ref.int + number) % 2**128)
            self.happen(what, device, room, writers[who % len(writers)], fresh)
        self.world.answer(device)
        self.world.wake()
        self.world.receive(device, ["arrives"] * len(device.wire))
        self.world.check_belief(device)

    def happen(self, what: str, device: Device, room: UUID, writer: UUID, ref: UUID) -> None:
        match what:
            case "heard" | "missed":
                who = next(at for at, each in enumerate(self.members) if each.pk == writer)
                self.act(who, lambda actor: messages.send_message(actor, room, text="hello", ref=ref))
                self.world.wake()
                fate: Any = "arrives" if what == "heard" else "is lost"
                self.world.receive(device, [fate] * len(device.wire))
            case "removal":
                subject = device.member.pk
                self.act(0, lambda alice: participants.remove_participant(alice, room, member_id=subject))
            case "new socket":
                self.world.connect(device)
            case "new client" if device.client is not None:
                self.forget(device)
                device.client = None
                self.world.connect(device)

    @rule(which=some, arrives=st.booleans())
    def look(self, *, which: int, arrives: bool) -> None:
        device = self.device(which)
        if arrives:
            self.world.see(device)
        elif self.world.may_come(device):
            self.world.look(device)

    # --- What happens to the server -----------------------------------------------------------------

    @rule(which=some, what=st.sampled_from(TROUBLES))
    def trouble(self, which: int, what: str) -> None:  # noqa: C901  # a table, one line a case
        device = self.device(which)
        match what:
            case "compare":
                self.world.compare()
                self.check_reading()
            case "crash":
                self.world.crash()
            case "overflow" | "force" if device.client is not None:
                mailbox().truncate([device.client.pk], hole=what == "force")
            case "full":
                purge.PURGES["overfull_entries"].remove()
            case "forget" if device.client is not None:
                self.forget(device)
            case "purge" if device.client is not None and device.connection is None:
                self.purge(device)
            case "expire":
                self.expire()
            case "die after commit":
                self.world.handing_over = False
            case "catch up":
                self.world.catch_up()
            case "lose Valkey":
                store.threads().flushdb()

    @rule()
    def follow(self) -> None:
        """The follower that records whom messages concern has its turn."""
        self.attention.follow()
        self.followers()
        with every_organization():
            there = Attention.objects.filter(withdrawn_at=None, seq__gte=F("conversation__first_seq"))
            recorded = set(there.filter(message__deleted_at=None).values_list("message", "member"))
        assert recorded == self.attention.standing()

    @rule(where=some, count=st.integers(1, 6), what=st.sampled_from(["passes", "passes", "takes"]))
    def time(self, where: int, count: int, what: str) -> None:
        """It passes for the oldest messages of a conversation, which nobody is shown from then on; or it takes the rows
        of such messages."""
        with every_organization():
            if what == "takes":
                retention.remove_expired_messages()
                return
            room = Conversation.objects.get(pk=self.pick(where))
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE chat_message SET created_at = created_at - interval '1000 days'"
                    " WHERE conversation_id = %s AND seq < %s",
                    [room.pk, room.first_seq + count],
                )
            retention.expire_histories()
            first = min(room.first_seq + count, room.last_seq + 1)
            assert Conversation.objects.get(pk=room.pk).first_seq == first

    def forget(self, device: Device) -> None:
        """It learns of it by 4404 and registers again."""
        assert device.client is not None
        with organization_scope(device.member.organization_id):
            try:
                close_client(device.member, device.client.public_id)
            except Refusal:
                note("it was gone before")

    def purge(self, device: Device) -> None:
        assert device.client is not None
        with connection.cursor() as cursor:
            age = "UPDATE chat_client SET last_seen_at = last_seen_at - interval '1000 days' WHERE id = %s"
            cursor.execute(age, [device.client.pk])
        purge.PURGES["stale_clients"].remove()

    def expire(self) -> None:
        """Time passes: what nobody waits for any more is purged from the log, and older cursors with it. The follower
        has handled it by then."""
        self.follow()
        waiting = self.world.oldest_waiting()
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE chat_event SET at = at - interval '4000 days' WHERE NOT pending AND id < %s",
                [2**63 - 1 if waiting is None else waiting],
            )
        purge.PURGES["old_events"].remove()

    def check_reading(self) -> None:
        """Everybody has unread what the count message by message says."""
        with every_organization():
            participants = list(Participant.objects.filter(left_at=None).select_related("conversation", "member"))
            for participant in participants:
                reader = self.reading.readers[participant.member_id, participant.conversation_id]
                who = f"{participant.member.handle} in {participant.conversation_id}"
                assert participant.read_seq == reader.shown, who
                assert participant.unread(participant.conversation) == self.reading.unread(
                    participant.member_id, participant.conversation
                ), who
                counted = {seq for first, last in participant.read for seq in range(first, last + 1)}
                unseen = {seq for seq in counted - reader.seqs if seq >= participant.conversation.first_seq}
                assert not unseen, f"{who}: counts as read and was not shown"

    def check_attention(self) -> None:
        """Every client counts what the judgement message by message says."""
        for device in filter(self.world.may_come, self.world.devices):
            for room in device.store.own_rooms():
                id = room.conversation["id"]
                with every_organization():
                    conversation = Conversation.objects.get(pk=id)
                    wanted = self.attention.count(device.member.pk, conversation, self.reading)
                assert device.store.attention(id) == wanted, f"{device.member.handle} in {id}"

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            for device in self.world.devices:
                self.get_out_all(device)
            self.follow()
            self.world.settle()
            self.world.judge()
            self.check_reading()
            self.check_attention()
            assert self.charlie.heard == 0, "Charlie received something of Acme"
        finally:
            self.world.close()

    def get_out_all(self, device: Device) -> None:
        while device.unsent:
            self.act(self.members.index(device.member), device.unsent.popleft())


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bounds so tight that every step past them happens all the time."""
    bounds = {"MESSAGES": 3, "EVENTS": 8, "PEOPLE": 2, "BUDGET": 1500, "TOTAL": 4000, "WITH_MESSAGES": 2}
    for name, value in bounds.items():
        monkeypatch.setattr(limits, name, value)
    for name, value in {
        "SOCKET_WINDOW": 5,
        "MAILBOX_ENTRIES": 6,
        "MESSAGE_RATE": 10_000,
    }.items():
        monkeypatch.setattr(settings, name, value)
    yield
    empty_stores()


@pytest.mark.usefixtures("narrow")
@pytest.mark.django_db(transaction=True)
def test_every_client_ends_in_step(kept_in: str) -> None:
    if LONG:
        faulthandler.cancel_dump_traceback_later()  # it does not hang, it searches
    run_state_machine_as_test(
        Delivery,
        settings=hypothesis_settings(
            max_examples=EXAMPLES[kept_in],
            stateful_step_count=STEPS,
            deadline=None,  # of one example; the machine is shared
            derandomize=not LONG,
            phases=PHASES,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
