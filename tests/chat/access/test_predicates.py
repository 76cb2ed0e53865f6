"""Both forms of each predicate agree, and everything that reads agrees with them, over all states that there are."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Member, Organization
from accounts.roles import Role
from chat.access import find_conversation, find_message, find_thread, predicates, visible_conversations
from chat.api.search import Question  # type: ignore[attr-defined]
from chat.errors import NotFound
from chat.models import Conversation, Kind, Message, Participant
from chat.queries import history
from chat.queries.conversations import own_conversations, public_channels
from chat.queries.search import search
from chat.queries.sync import sync
from tests.cast import make_member, scope_of

pytestmark = pytest.mark.django_db

OF_CONVERSATIONS: Final = "SELECT c.id FROM chat_conversation c WHERE "
PARTICIPATIONS: Final = ("never", "present", "left")


def reads(kind: str, participation: str, role: Role) -> bool:
    """What the documentation says."""
    return participation == "present" or (kind == Kind.PUBLIC and role != Role.GUEST)


@dataclass(frozen=True)
class World:
    """A conversation of each kind for each way to take part in it, each with one message."""

    member: Member
    conversations: dict[tuple[str, str], Conversation]
    messages: dict[UUID, Message]  # by conversation

    def expected(self) -> set[UUID]:
        role = Role(self.member.role)
        return {each.pk for (kind, taking), each in self.conversations.items() if reads(kind, taking, role)}


@pytest.fixture(params=list(Role))
def world(request: pytest.FixtureRequest, acme: Organization, alice: Member, bob: Member) -> World:
    member = make_member(acme, "Vera", role=request.param)
    conversations, messages = {}, {}
    with scope_of(member):
        for number, (kind, taking) in enumerate((k.value, p) for k in Kind for p in PARTICIPATIONS):
            others = [make_member(acme, f"Other {number} {each}") for each in range(2)]
            people = sorted([alice.pk, *(each.pk for each in others)])
            is_channel = kind in {Kind.PUBLIC, Kind.PRIVATE}
            room = Conversation.objects.create(
                organization=acme, kind=kind, name=f"room{number}" if is_channel else None,
                people=[] if is_channel else people, last_seq=1,
            )  # fmt: skip
            Participant.objects.create(organization=acme, conversation=room, member=bob)
            if taking != "never":
                left_at = timezone.now() if taking == "left" else None
                Participant.objects.create(organization=acme, conversation=room, member=member, left_at=left_at)
            conversations[kind, taking] = room
            messages[room.pk] = Message.objects.create(
                organization=acme, conversation=room, seq=1, author=bob, text="sunflower", html="sunflower"
            )
    return World(member, conversations, messages)


def selected(statement: str, parameters: dict[str, object]) -> set[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return {row[0] for row in cursor.fetchall()}


def found(ids: Collection[UUID], find: Callable[[UUID], object]) -> set[UUID]:
    """Return the ids for which `find` does not raise NotFound."""
    there = set()
    for id in ids:
        try:
            find(id)
        except NotFound:
            continue
        there.add(id)
    return there


def test_readable_conversations_are_the_same_by_every_way(world: World) -> None:
    member, expected = world.member, world.expected()
    with scope_of(member):
        assert set(visible_conversations(member).values_list("pk", flat=True)) == expected
        assert selected(OF_CONVERSATIONS + predicates.readable_sql("c.id"), {**predicates.reader(member)}) == expected
        assert found(world.messages, lambda id: find_conversation(member, id)) == expected
        listed = {each.id for each in own_conversations(member) + public_channels(member)}
        assert listed == expected


def test_their_messages_are_found_and_read_by_every_way(world: World) -> None:
    member, expected = world.member, world.expected()
    with scope_of(member):
        of_rows = Message.objects.filter(predicates.readable(member, "conversation"))
        assert set(of_rows.values_list("conversation", flat=True)) == expected
        assert {each.conversation for each in search(member, Question(q="sunflower"))} == expected
        by_message = {each.pk: conversation for conversation, each in world.messages.items()}
        for find in (find_message, find_thread):
            assert {by_message[id] for id in found(by_message, lambda id: find(member, id))} == expected  # noqa: B023


def test_sync_answers_with_those_that_the_member_takes_part_in(world: World) -> None:
    with scope_of(world.member):
        answer = sync(world.member)
    own = {each.pk for (_, taking), each in world.conversations.items() if taking == "present"}
    assert {each.id for each in answer.conversations} == own
    assert {each.conversation for each in answer.messages} == own


def test_a_message_names_exactly_those_who_may_read_it(world: World) -> None:
    member = world.member
    with scope_of(member):
        reading = {
            each.pk
            for each in world.conversations.values()
            if Member.objects.filter(predicates.readers_of(each), pk=member.pk).exists()
        }
    assert reading == world.expected()


def test_charlie_reads_nothing_of_it(world: World, charlie: Member) -> None:
    with scope_of(charlie):
        assert not visible_conversations(charlie).exists()
        assert found(world.messages, lambda id: find_conversation(charlie, id)) == set()
        assert search(charlie, Question(q="sunflower")) == []


# --- Messages -------------------------------------------------------------------------------------------

NOW: Final = timezone.now()
FIRST: Final = 101  # of the conversation: what lies below has expired

# state: its fields, whether it is kept, whether it is shown
STATES: Final = {
    "plain": ({}, True, True),
    "edited": ({"edited_at": NOW}, True, True),
    "pinned": ({"pinned_at": NOW}, True, True),
    "hidden": ({"hidden_at": NOW, "pinned_at": NOW}, True, False),
    "deleted": ({"deleted_at": NOW, "text": "", "html": ""}, True, False),
    "removed": ({"deleted_at": NOW, "purged_at": NOW, "text": "", "html": ""}, True, False),
}


@dataclass(frozen=True)
class Room:
    conversation: Conversation
    by_state: dict[str, Message]

    def ids(self, *states: str) -> set[UUID]:
        return {self.by_state[state].pk for state in states}

    def states(self, ids: Collection[UUID]) -> set[str]:
        return {state for state, message in self.by_state.items() if message.pk in ids}


@pytest.fixture
def room(acme: Organization, alice: Member, bob: Member) -> Room:
    """Every state above `first_seq`, and below it again, with the heads of threads that have a younger reply."""
    by_state: dict[str, Message] = {}
    with scope_of(bob):
        conversation = Conversation.objects.create(
            organization=acme, kind=Kind.PRIVATE, name="room", first_seq=FIRST, last_seq=FIRST + 50
        )
        for member in (alice, bob):
            Participant.objects.create(organization=acme, conversation=conversation, member=member)

        def add(state: str, seq: int, **fields: object) -> Message:
            values = {"text": "sunflower", "html": "sunflower", **fields}
            by_state[state] = Message.objects.create(
                organization=acme, conversation=conversation, seq=seq, author=bob, **values
            )
            return by_state[state]

        for number, (state, (fields, *_)) in enumerate(STATES.items()):
            add(state, FIRST + number, **fields)
            add(f"expired {state}", 1 + number, **fields)
        head = add("expired head", 20)
        emptied = add("emptied head", 21, deleted_at=NOW, purged_at=NOW, text="", html="")
        add("reply", FIRST + 20, thread=head)
        add("other reply", FIRST + 21, thread=emptied)
    return Room(conversation, by_state)


KEPT: Final = {state for state, (_, kept, _) in STATES.items() if kept} | {"reply", "other reply"}
SHOWN: Final = {state for state, (_, _, shown) in STATES.items() if shown} | {"reply", "other reply"}
OF_MESSAGES: Final = "SELECT m.id FROM chat_message m JOIN chat_conversation c ON c.id = m.conversation_id WHERE "


def test_kept_messages_are_the_same_by_every_way(room: Room, alice: Member) -> None:
    with scope_of(alice):
        rows = Message.objects.filter(predicates.kept()).values_list("pk", flat=True)
        assert room.states(rows) == KEPT
        assert room.states(selected(OF_MESSAGES + predicates.kept_sql("m", "c"), {})) == KEPT
        by_row = {id for id, each in room.by_state.items() if predicates.is_kept(each, room.conversation)}
        assert by_row == KEPT
        access = find_conversation(alice, room.conversation.pk)
        for page in (
            history.page_before(access),
            history.page_after(access, after=0),
            history.page_around(access, around=FIRST),
            history.page_since(access, since=NOW),
        ):
            assert room.states([each.id for each in page.messages]) == KEPT
        assert room.states([each.id for each in sync(alice).messages]) == KEPT
        assert room.states([each.id for each in history.pins(access)]) == {"pinned", "hidden"}


def test_shown_messages_are_the_same_by_every_way(room: Room, alice: Member) -> None:
    with scope_of(alice):
        rows = Message.objects.filter(predicates.shown()).values_list("pk", flat=True)
        assert room.states(rows) == SHOWN
        assert room.states(selected(OF_MESSAGES + predicates.shown_sql("m", "c"), {})) == SHOWN
        assert {id for id, each in room.by_state.items() if predicates.is_shown(each, room.conversation)} == SHOWN
        assert room.states([each.id for each in search(alice, Question(q="sunflower"))]) == SHOWN
        shown = [
            each.id
            for each in history.page_before(find_conversation(alice, room.conversation.pk)).messages
            if each.text
        ]
        assert room.states(shown) == SHOWN


def test_a_single_message_is_reached_where_a_page_would_show_it(room: Room, alice: Member) -> None:
    """Below `first_seq` that is the head of a thread that goes on, from when it is empty on as a message, too."""
    with scope_of(alice):
        ids = {each.pk for each in room.by_state.values()}
        messages = found(ids, lambda id: find_message(alice, id))
        assert room.states(messages) == KEPT | {"emptied head"}
        assert room.states(found(ids, lambda id: find_thread(alice, id))) == KEPT | {"emptied head", "expired head"}


def test_what_has_expired_takes_no_room_among_the_pins(room: Room, alice: Member, settings) -> None:
    """Reported messages stay below `first_seq` for weeks, and nobody can unpin them."""
    from chat.actions.pins import pin_message

    settings.PINS_PER_CONVERSATION = 3  # "pinned" and "hidden", and room for one
    with scope_of(alice):
        pinned = pin_message(alice, room.by_state["plain"].pk)
    assert pinned.pinned_by == alice.pk
