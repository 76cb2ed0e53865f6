"""What the store takes for complete, and what it does not. That it follows the server is proven in tests/sync/."""

from __future__ import annotations

from typing import Any

import pytest

from chat.client.entities import Entity
from chat.client.store import Store
from tests.chat.client.test_mailbox import answer

ME, NINA, TOWN = "me", "nina", "town"


def person(id: str, version: int = 1, role: str = "member") -> Entity:
    return {"id": id, "version": version, "role": role}


def conversation(last_seq: int = 0, **changes: Any) -> Entity:
    found = {"id": TOWN, "kind": "public", "people": [], "first_seq": 1, "last_seq": last_seq, "version": 1}
    return found | {"last_message_at": at(last_seq) if last_seq else None, "gone": []} | changes


def at(seq: int) -> str:
    return f"2026-01-01T00:00:{seq:02d}Z"


def participant(member: str = ME, version: int = 1, **changes: Any) -> Entity:
    private = {"read_seq": 0, "read": [[0, 0]], "unread_from": None, "muted": False} if member == ME else {}
    return {"conversation": TOWN, "member": member, "left_at": None, "version": version, **private, **changes}


def message(seq: int, version: int = 1, author: str = NINA) -> Entity:
    found = {"id": f"m{seq}", "conversation": TOWN, "seq": seq, "version": version, "author": author}
    return {**found, "created_at": at(seq), "reactions": []}


def event(type: str, entity: Entity) -> Entity:
    return {"id": 1, "type": type, "data": entity}


def page_of(last_seq: int, *, gap: bool = False, **changes: Any) -> Entity:
    """A page of sync that holds the conversation, with the messages given."""
    room = conversation(last_seq) | {"history_gap": gap, "participants_gap": True}
    me = person(ME)
    return answer(1, **{"conversations": [room], "participants": [participant()], "members": [me], "me": me, **changes})


@pytest.fixture
def store() -> Store:
    """In town, where 50 messages were said, of which the last three are known."""
    store = Store()
    store.take([page_of(50, gap=True, full=True, messages=[message(seq) for seq in (48, 49, 50)])])
    return store


def seqs(store: Store) -> list[int]:
    return [each["seq"] for each in store.rooms[TOWN].history]


def test_history_is_whole_from_what_came_with_a_gap(store: Store) -> None:
    store.apply(event("message.created", message(51)))
    store.apply(event("message.updated", message(7, 2)))
    assert (seqs(store), store.rooms[TOWN].history_gap) == ([48, 49, 50, 51], True)
    room = store.rooms[TOWN]
    store.put_history(TOWN, room.epoch, [message(seq) for seq in range(1, 48)])
    assert (seqs(store), room.history_gap) == ([*range(1, 52)], False)
    assert room.messages[7]["version"] == 2


def test_a_page_from_before_a_gap_is_thrown_away(store: Store) -> None:
    """What it holds may have changed since, with nobody left to say so."""
    epoch = store.rooms[TOWN].epoch
    store.take([page_of(53, gap=True, messages=[message(seq) for seq in (51, 52, 53)])])
    store.put_history(TOWN, epoch, [message(seq) for seq in range(1, 48)])
    assert seqs(store) == [51, 52, 53]
    assert set(store.rooms[TOWN].messages) == {51, 52, 53}


def test_participants_are_unknown_until_asked_for_and_again_after_a_loss(store: Store) -> None:
    room = store.rooms[TOWN]
    assert not room.participants_known
    store.put_participants(TOWN, room.epoch, [participant(), participant(NINA)])
    assert room.participants_known
    asked_in = room.epoch
    store.forget_participants()
    assert (room.participants_known, [each["member"] for each in room.participants]) == (False, [ME])
    store.put_participants(TOWN, asked_in, [participant(), participant(NINA)])
    assert not room.participants_known


def test_who_left_does_not_come_back_by_a_list_that_is_older(store: Store) -> None:
    room = store.rooms[TOWN]
    store.apply(event("participant.removed", participant(NINA, 2, left_at="now")))
    store.put_participants(TOWN, room.epoch, [participant(), participant(NINA, 1)])
    assert [each["member"] for each in room.participants] == [ME]


def test_the_own_removal_takes_everything_and_older_events_bring_nothing_back(store: Store) -> None:
    store.apply(event("participant.removed", participant(ME, 5, left_at="now")))
    assert store.rooms == {}
    store.apply(event("conversation.created", conversation(50)))
    store.apply(event("participant.created", participant(ME, 4)))
    store.apply(event("message.created", message(51)))
    assert (list(store.own_rooms()), store.rooms[TOWN].messages) == ([], {})
    store.apply(event("participant.created", participant(ME, 6)))
    assert [room.whole_from for room in store.own_rooms()] == [51]


def test_private_fields_survive_what_everybody_receives(store: Store) -> None:
    store.apply(event("participant.updated", participant(version=2, muted=True, read_seq=9)))
    shared = {name: value for name, value in participant(version=3).items() if name not in {"read_seq", "muted"}}
    store.apply(event("participant.updated", shared | {"role": "admin"}))
    own = store.own_participant(TOWN)
    assert own is not None and (own["muted"], own["read_seq"], own["role"]) == (True, 9, "admin")


def test_own_messages_are_read_and_nothing_else_with_them(store: Store) -> None:
    assert store.unread(TOWN) == 50
    store.apply(event("message.created", message(51, author=ME)))
    assert store.unread(TOWN) == 50
    own = store.own_participant(TOWN)
    assert own is not None and (own["read"], own["read_seq"]) == ([[0, 0], [51, 51]], 0)


def test_what_is_read_is_joined_however_it_comes(store: Store) -> None:
    store.apply(event("message.created", message(51, author=ME)))
    store.apply(event("participant.updated", participant(version=3, read=[[0, 48], [50, 50]], read_seq=48)))
    store.apply(event("participant.updated", participant(version=2, read=[[0, 10]], read_seq=10)))
    own = store.own_participant(TOWN)
    assert own is not None and (own["read"], own["read_seq"]) == ([[0, 48], [50, 51]], 48)
    store.apply(event("participant.updated", participant(version=4, read=[[0, 49]], read_seq=49)))
    own = store.own_participant(TOWN)
    assert own is not None and (own["read"], own["read_seq"]) == ([[0, 51]], 51)


def test_from_a_mark_on_nothing_counts_as_read(store: Store) -> None:
    store.apply(event("participant.updated", participant(version=2, read=[[0, 50]], read_seq=50, unread_from=49)))
    assert store.unread(TOWN) == 2


def test_what_is_gone_is_not_unread(store: Store) -> None:
    store.apply(event("conversation.updated", conversation(50, version=2, gone=[[1, 40], [45, 45]])))
    assert store.unread(TOWN) == 9


def test_a_participant_of_an_older_server_has_read_up_to_its_position(store: Store) -> None:
    shared = {name: value for name, value in participant(version=2, read_seq=45).items() if name != "read"}
    store.apply(event("participant.updated", shared))
    assert store.unread(TOWN) == 5


def test_the_time_of_the_last_message_goes_with_its_seq(store: Store) -> None:
    room = store.rooms[TOWN]
    store.apply(event("message.created", message(51)))
    assert room.conversation["last_message_at"] == at(51)
    store.apply(event("conversation.updated", conversation(50, version=2)))
    assert (room.conversation["last_message_at"], room.conversation["version"]) == (at(51), 2)
    store.apply(event("conversation.updated", conversation(52, version=3)))
    assert (room.conversation["last_seq"], room.conversation["last_message_at"]) == (52, at(52))


def test_messages_of_conversations_that_are_not_ones_own_are_not_kept(store: Store) -> None:
    store.apply(event("message.created", message(1) | {"conversation": "elsewhere"}))
    assert list(store.rooms) == [TOWN]


def test_guests_forget_whom_nothing_refers_to(store: Store) -> None:
    store.put_member(store.people_epoch, person(NINA))
    store.put_member(store.people_epoch, person("zoe"))
    store.apply(event("member.updated", person(ME, 2, role="guest")))
    assert set(store.members) == {ME, NINA}
    store.apply(event("participant.removed", participant(ME, 2, left_at="now")))
    assert set(store.members) == {ME}


def test_unknown_people_are_named(store: Store) -> None:
    assert store.strangers() == {NINA}
    store.put_member(store.people_epoch, person(NINA))
    assert store.strangers() == set()


def test_people_who_were_asked_for_before_people_were_forgotten_are_strangers_still(store: Store) -> None:
    store.put_member(store.people_epoch, person("zoe"))
    asked = store.people_epoch
    store.apply(event("member.updated", person(ME, 2, role="guest")))
    store.put_member(asked, person(NINA))
    assert store.strangers() == {NINA}


def test_every_message_is_heard_of_once_a_version_a_full_sync_included() -> None:
    heard: list[tuple[int, int]] = []
    store = Store(on_message=lambda message: heard.append((message["seq"], message["version"])))
    page = page_of(2, full=True, messages=[message(1), message(2)])
    store.take([page])
    store.apply(event("message.updated", message(2, 2)))
    store.apply(event("message.created", message(1)))
    store.take([page | {"messages": [message(1), message(2, 3)]}])
    assert heard == [(1, 1), (2, 1), (2, 2), (2, 3)]


def test_entities_that_are_not_known_yet_are_left_alone(store: Store) -> None:
    before = seqs(store)
    store.apply(event("sticker.created", {"id": "s", "version": 1}))
    assert seqs(store) == before


def test_what_retention_takes_away_is_forgotten_and_does_not_come_back(store: Store) -> None:
    store.apply(event("conversation.updated", conversation(50, first_seq=50, version=2)))
    assert (seqs(store), store.rooms[TOWN].history_gap, store.unread(TOWN)) == ([50], False, 1)
    store.apply(event("message.updated", message(49, 9)))
    store.put_history(TOWN, store.rooms[TOWN].epoch, [message(47), message(48)])
    assert (seqs(store), store.rooms[TOWN].history_gap) == ([50], False)


def test_own_reports_and_sanctions_are_kept_by_version(store: Store) -> None:
    store.apply(event("report.created", {"id": "r", "version": 1, "state": "open"}))
    store.apply(event("report.updated", {"id": "r", "version": 2, "state": "resolved"}))
    store.apply(event("report.updated", {"id": "r", "version": 1, "state": "open"}))
    store.apply(event("sanction.created", {"id": "s", "version": 1}))
    assert (store.entities["reports"]["r"]["state"], list(store.entities["sanctions"])) == ("resolved", ["s"])
    store.take([page_of(50, full=True)])
    assert (store.entities["reports"], store.entities["sanctions"]) == ({}, {})


def test_the_empty_head_of_a_thread_that_goes_on_is_kept_beside_the_history(store: Store) -> None:
    store.apply(event("conversation.updated", conversation(50, first_seq=49, version=2)))
    head = message(48) | {"text": "", "expired": True}
    store.put_message(head)
    store.put_message(message(47))
    assert (seqs(store), store.rooms[TOWN].heads) == ([49, 50], {"m48": head})
    assert NINA in store.spoken_of()
    store.apply(event("participant.updated", participant(version=2, left_at="now")))
    assert store.rooms == {}
