"""Whatever happens in whatever order: in the end every client's store is what the server tells its member from nothing.

`HYPOTHESIS_PROFILE=long` looks for an hour instead of half a minute, and in other places every time.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck, Phase, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from accounts import actions as accounts
from accounts.models import Member, Organization
from accounts.roles import Role
from accounts.tenancy import every_organization, organization_scope
from chat.actions import conversations, messages, participants, purge, reactions, read
from chat.actions.clients import close_client
from chat.delivery.mailbox import mailbox
from chat.errors import Refusal
from chat.models import Conversation, Message
from chat.queries import sync
from tests.cast import make_member
from tests.sync.world import Device, World, empty_tables

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
EXAMPLES = 4000 if LONG else 40
# Making a failure small takes minutes, so it is left to the long profile, which finds the kept example again.
PHASES = [phase for phase in Phase if LONG or phase is not Phase.shrink]
STEPS = 50
DEVICES = 8  # of all members together

member = st.integers(0, 3)
some = st.integers(0, 15)  # which of the things there are, modulo their number
fates = st.lists(st.sampled_from(["arrives", "arrives", "arrives", "is lost", "arrives twice"]), min_size=1, max_size=6)
emoji = st.sampled_from(["👍", "🎉"])


class Delivery(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        empty_tables()
        self.world = World()
        acme = Organization.objects.create(slug="acme", name="Acme")
        globex = Organization.objects.create(slug="globex", name="Globex")
        roles = {"Alice": Role.OWNER, "Bob": Role.MEMBER, "Dora": Role.MEMBER, "Gus": Role.GUEST}
        self.members = [make_member(acme, name, role=role) for name, role in roles.items()]
        self.charlie = self.world.add_device(make_member(globex, "Charlie", role=Role.OWNER))
        self.posts: list[messages.Post] = []
        for each in self.members:
            self.world.add_device(each)
        for device in self.world.devices:
            self.world.connect(device)
        self.act(0, self.open_rooms)

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

    def pick(self, which: int) -> UUID:
        rows = list(Conversation.objects.order_by("created_at", "pk").values_list("pk", flat=True))
        return rows[which % len(rows)]

    def pick_message(self, which: int) -> UUID:
        rows = list(Message.objects.order_by("-created_at", "pk").values_list("pk", flat=True)[:16])
        return rows[which % len(rows)] if rows else UUID(int=0)

    @rule(who=member, where=some, text=st.sampled_from(["hello", "x" * 400]), ref=st.uuids())
    def say(self, who: int, where: int, text: str, ref: UUID) -> None:
        def send(actor: Member) -> None:
            post = messages.Post(member=actor, conversation_id=self.pick(where), text=text, ref=ref)
            self.posts.append(post)
            messages.send_messages([post])

        self.act(who, send)

    @rule(who=member, where=some, count=st.integers(2, 6), ref=st.uuids(version=4))
    def say_much(self, who: int, where: int, count: int, ref: UUID) -> None:
        refs = [UUID(int=(ref.int + number) % 2**128) for number in range(count)]
        self.act(
            who,
            lambda actor: messages.send_messages(
                [
                    messages.Post(member=actor, conversation_id=self.pick(where), text=f"{each}", ref=each)
                    for each in refs
                ]
            ),
        )

    @precondition(lambda self: self.posts)
    @rule(which=some)
    def say_again(self, which: int) -> None:
        """The answer was lost: the same ref is sent once more, and is no second message."""
        post = self.posts[which % len(self.posts)]
        who = next(number for number, each in enumerate(self.members) if each.pk == post.member.pk)
        before = self.count_messages()
        self.act(who, lambda actor: messages.send_messages([post]))
        with every_organization():
            assert Message.objects.filter(author=post.member, ref=post.ref).count() <= 1
        assert self.count_messages() <= before + 1

    def count_messages(self) -> int:
        with every_organization():
            return Message.objects.count()

    @rule(who=member, which=some, ref=st.uuids())
    def reply(self, who: int, which: int, ref: UUID) -> None:
        def send(actor: Member) -> None:
            root = Message.objects.filter(pk=self.pick_message(which)).first()
            if root is not None:
                messages.send_message(actor, root.conversation_id, text="reply", ref=ref, thread_id=root.pk)

        self.act(who, send)

    @rule(who=member, which=some, text=st.sampled_from(["edited", "edited again"]))
    def edit(self, who: int, which: int, text: str) -> None:
        self.act(who, lambda actor: messages.edit_message(actor, self.pick_message(which), text=text))

    @rule(who=member, which=some)
    def delete(self, who: int, which: int) -> None:
        self.act(who, lambda actor: messages.delete_message(actor, self.pick_message(which)))

    @rule(who=member, which=some, emoji=emoji, back=st.booleans())
    def react(self, *, who: int, which: int, emoji: str, back: bool) -> None:
        change = reactions.remove_reaction if back else reactions.add_reaction
        self.act(who, lambda actor: change(actor, self.pick_message(which), emoji=emoji))

    @rule(who=member, where=some, seq=st.integers(1, 20))
    def read(self, who: int, where: int, seq: int) -> None:
        self.act(who, lambda actor: read.mark_read(actor, self.pick(where), seq=seq))

    @rule(who=member, where=some, muted=st.booleans(), favourite=st.booleans())
    def prefer(self, *, who: int, where: int, muted: bool, favourite: bool) -> None:
        self.act(
            who,
            lambda actor: participants.change_preferences(actor, self.pick(where), muted=muted, favourite=favourite),
        )

    @rule(
        who=member, name=st.sampled_from(["attic", "garden"]), kind=st.sampled_from(["public", "private"]), with_=member
    )
    def open(self, who: int, name: str, kind: Any, with_: int) -> None:
        invited = [self.members[with_].pk]
        self.act(who, lambda actor: conversations.create_channel(actor, kind=kind, name=name, members=invited))

    @rule(who=member, others=st.sets(member, min_size=1, max_size=2))
    def talk(self, who: int, others: set[int]) -> None:
        people = [self.members[other].pk for other in sorted(others - {who})]
        kind: Any = "direct" if len(people) < 2 else "group"
        self.act(who, lambda actor: conversations.start_direct(actor, kind=kind, members=people))

    @rule(who=member, where=some, topic=st.sampled_from(["", "tea", "coffee"]))
    def change(self, who: int, where: int, topic: str) -> None:
        self.act(who, lambda actor: conversations.update_conversation(actor, self.pick(where), topic=topic))

    @rule(who=member, where=some, archived=st.sampled_from([False, False, True]))
    def archive(self, *, who: int, where: int, archived: bool) -> None:
        self.act(who, lambda actor: conversations.archive_conversation(actor, self.pick(where), archived=archived))

    @rule(who=member, where=some)
    def join(self, who: int, where: int) -> None:
        self.act(who, lambda actor: participants.join_conversation(actor, self.pick(where)))

    @rule(who=member, where=some)
    def leave(self, who: int, where: int) -> None:
        self.act(who, lambda actor: participants.leave_conversation(actor, self.pick(where)))

    @rule(who=member, where=some, whom=member)
    def add(self, who: int, where: int, whom: int) -> None:
        subject = self.members[whom].pk
        self.act(who, lambda actor: participants.add_participant(actor, self.pick(where), member_id=subject))

    @rule(who=st.sampled_from([0, 0, 1, 2]), where=some, whom=member)
    def remove(self, who: int, where: int, whom: int) -> None:
        subject = self.members[whom].pk
        self.act(who, lambda actor: participants.remove_participant(actor, self.pick(where), member_id=subject))

    @rule(who=member, name=st.sampled_from(["Ann", "Ben", "Cat"]))
    def rename(self, who: int, name: str) -> None:
        self.act(who, lambda actor: accounts.change_profile(actor, name=name))

    @rule(description=st.sampled_from(["", "anvils"]))
    def describe(self, description: str) -> None:
        self.act(0, lambda alice: accounts.change_organization(alice, description=description))

    @rule(whom=st.integers(1, 3), role=st.sampled_from([Role.MEMBER, Role.GUEST, Role.MODERATOR]))
    def promote(self, whom: int, role: Role) -> None:
        self.act(0, lambda alice: accounts.change_role(alice, Member.objects.get(pk=self.members[whom].pk), role=role))

    @rule(whom=st.integers(1, 3), back=st.sampled_from([True, True, False]))
    def deactivate(self, *, whom: int, back: bool) -> None:
        change = accounts.reactivate_member if back else accounts.deactivate_member
        self.act(0, lambda alice: change(alice, Member.objects.get(pk=self.members[whom].pk)))

    # --- What happens to clients --------------------------------------------------------------------

    def device(self, which: int) -> Device:
        return self.world.devices[which % len(self.world.devices)]

    def may_come(self, device: Device) -> bool:
        return self.world._may_come(device)

    @precondition(lambda self: len(self.world.devices) < DEVICES)
    @rule(who=member)
    def get_another(self, who: int) -> None:
        device = self.world.add_device(self.members[who])
        if self.may_come(device):
            self.world.connect(device)

    @rule(which=some)
    def connect(self, which: int) -> None:
        if self.may_come(self.device(which)):
            self.world.connect(self.device(which))

    @rule(which=some)
    def disconnect(self, which: int) -> None:
        self.world.disconnect(self.device(which))

    @rule(which=some, fates=fates)
    def receive(self, which: int, fates: list[Any]) -> None:
        self.world.receive(self.device(which), fates)

    @rule(which=some, lost=st.sampled_from([False, False, True]))
    def acknowledge(self, *, which: int, lost: bool) -> None:
        self.world.acknowledge(self.device(which), lost=lost)

    @rule(which=some)
    def ask(self, which: int) -> None:
        if self.may_come(self.device(which)):
            self.world.ask(self.device(which))

    @rule(which=some)
    def answer(self, which: int) -> None:
        if self.may_come(self.device(which)):
            self.world.answer(self.device(which))

    @rule(which=some)
    def lose_answer(self, which: int) -> None:
        self.device(which).asked = None

    @rule(which=some)
    def look(self, which: int) -> None:
        if self.may_come(self.device(which)):
            self.world.look(self.device(which))

    @rule(which=some)
    def see(self, which: int) -> None:
        self.world.see(self.device(which))

    @rule(which=some)
    def forget_client(self, which: int) -> None:
        """The server forgets a client; it learns of it by 4404 and registers again."""
        device = self.device(which)
        if device.client is not None:
            with organization_scope(device.member.organization_id):
                try:
                    close_client(device.member, device.client.public_id)
                except Refusal:
                    note("it was gone before")

    # --- What happens to the server -----------------------------------------------------------------

    @rule(lost=st.sampled_from([0, 0, 0, 1, 3]), backwards=st.booleans())
    def wake(self, *, lost: int, backwards: bool) -> None:
        self.world.wake(lost=lost, backwards=backwards)

    @rule()
    def compare(self) -> None:
        self.world.compare()

    @rule()
    def flush(self) -> None:
        self.world.flush()

    @rule()
    def crash(self) -> None:
        self.world.crash()

    @rule(which=some)
    def overflow(self, which: int) -> None:
        device = self.device(which)
        if device.client is not None:
            mailbox().truncate([device.client.pk])

    @rule()
    def overflow_all(self) -> None:
        purge.empty_full_mailboxes()

    @rule(which=some)
    def purge_client(self, which: int) -> None:
        device = self.device(which)
        if device.client is not None and device.connection is None:
            with connection.cursor() as cursor:
                age = "UPDATE chat_client SET last_seen_at = last_seen_at - interval '1000 days' WHERE id = %s"
                cursor.execute(age, [device.client.pk])
            purge.remove_stale_clients()

    @rule()
    def expire(self) -> None:
        """Time passes: what nobody waits for any more is purged from the log, and older cursors with it."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE chat_event SET at = at - interval '4000 days'"
                " WHERE id < coalesce((SELECT min(event_id) FROM chat_mailboxentry), 9223372036854775807)"
            )
        purge.remove_old_events()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.settle()
            self.world.judge()
            assert self.charlie.heard == 0, "Charlie was told something of Acme"
        finally:
            self.world.close()


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bounds so tight that every step past them happens all the time."""
    for name, value in {"MESSAGES": 3, "EVENTS": 8, "PEOPLE": 2, "BUDGET": 1500, "WITH_MESSAGES": 2}.items():
        monkeypatch.setattr(sync, name, value)
    for name, value in {"SOCKET_WINDOW": 5, "MAILBOX_ENTRIES": 6, "MESSAGE_RATE": 10_000}.items():
        monkeypatch.setattr(settings, name, value)
    yield
    empty_tables()


@pytest.mark.usefixtures("narrow")
@pytest.mark.django_db(transaction=True)
def test_every_client_ends_in_step() -> None:
    if LONG:
        faulthandler.cancel_dump_traceback_later()  # it does not hang, it searches
    run_state_machine_as_test(
        Delivery,
        settings=hypothesis_settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,  # of one example; the machine is shared
            derandomize=not LONG,
            phases=PHASES,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
