from __future__ import annotations

from uuid import uuid4

from accounts.models import Member
from tests.chat.api.conftest import code_of


def test_what_is_unread_follows_from_two_positions(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    for text in ("one", "two", "three"):
        api_of(alice).say(channel, text)
    assert api_of(alice).get(f"conversations/{channel['id']}")["unread_count"] == 0  # who writes has read
    api = api_of(bob)
    assert api.get(f"conversations/{channel['id']}")["unread_count"] == 3
    assert api("PUT", f"conversations/{channel['id']}/read", {"seq": 2}).json()["read_seq"] == 2
    assert api.get(f"conversations/{channel['id']}")["unread_count"] == 1


def test_a_position_only_moves_forward_and_never_past_the_end(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    for text in ("one", "two"):
        api_of(alice).say(channel, text)
    api, path = api_of(bob), f"conversations/{channel['id']}/read"
    moved = api("PUT", path, {"seq": 2}).json()
    assert api("PUT", path, {"seq": 1}).json() == moved
    assert api("PUT", path, {"seq": 99}).json() == moved
    assert code_of(api("PUT", path, {"seq": -1})) == (422, "invalid")
    assert code_of(api("PUT", path, {"seq": 2**70})) == (422, "invalid")


def test_threads_are_read_apart_from_the_main_line(api_of, alice: Member, bob: Member, charlie: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    other = api_of(alice).channel(name="other", members=[bob.pk])
    api, path = api_of(bob), f"conversations/{channel['id']}/read"
    head = api.say(channel, "a question")
    api_of(alice).say(channel, "an answer", thread=head["id"])
    api_of(alice).say(channel, "something else")
    assert api("PUT", path, {"seq": 3}).json()["read"] == [[0, 1], [3, 3]]
    assert api.get(f"conversations/{channel['id']}")["unread_count"] == 1
    assert api("PUT", path, {"seq": 3, "thread": head["id"]}).json()["read"] == [[0, 3]]
    refused = [
        {"seq": 1, "thread": head["id"], "threads": True},
        {"seq": 1, "thread": head["id"], "unread": True},
        {"seq": 1, "threads": True, "unread": True},
        {"seq": 1, "thread": "not an id"},
    ]
    assert {code_of(api("PUT", path, body)) for body in refused} == {(422, "invalid")}
    elsewhere = f"conversations/{other['id']}/read"
    assert code_of(api("PUT", elsewhere, {"seq": 1, "thread": head["id"]})) == (404, "not_found")
    assert code_of(api_of(charlie)("PUT", path, {"seq": 1, "thread": head["id"]})) == (404, "not_found")


def test_a_message_says_what_was_shown_when_it_was_written(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    for text in ("one", "two", "three"):
        api_of(alice).say(channel, text)
    api = api_of(bob)
    api.say(channel, "offline", read=1)
    view = api.get(f"conversations/{channel['id']}")
    assert (view["unread_count"], view["participant"]["read"]) == (2, [[0, 1], [4, 4]])
    assert view["last_message_at"] == api.get(f"conversations/{channel['id']}/messages")["results"][-1]["created_at"]
    path, body = f"conversations/{channel['id']}/messages", {"ref": str(uuid4()), "text": "so far", "read": -1}
    assert code_of(api("POST", path, body)) == (422, "invalid")


def test_only_participants_read(api_of, alice: Member, bob: Member, charlie: Member) -> None:
    path = f"conversations/{api_of(alice).channel()['id']}/read"
    assert code_of(api_of(bob)("PUT", path, {"seq": 0})) == (403, "forbidden")
    assert code_of(api_of(charlie)("PUT", path, {"seq": 0})) == (404, "not_found")


def test_what_is_marked_unread_stays_so_until_one_reads_there(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    for text in ("one", "two", "three"):
        api_of(alice).say(channel, text)
    api, path = api_of(bob), f"conversations/{channel['id']}/read"
    api("PUT", path, {"seq": 3})

    marked = api("PUT", path, {"seq": 2, "unread": True}).json()
    assert (marked["read_seq"], marked["unread_from"]) == (3, 2)
    assert api("PUT", path, {"seq": 2, "unread": True}).json() == marked
    assert api.get(f"conversations/{channel['id']}")["unread_count"] == 2
    participants = api_of(alice).get(f"conversations/{channel['id']}/participants")["results"]
    assert all("unread_from" not in participant for participant in participants if participant["member"] == str(bob.pk))

    read = api("PUT", path, {"seq": 1}).json()  # wherever one reads: one has come back
    assert (read["read_seq"], read["unread_from"]) == (3, None)
    assert api.get(f"conversations/{channel['id']}")["unread_count"] == 0


def test_only_what_is_there_can_be_marked(api_of, alice: Member, bob: Member, charlie: Member) -> None:
    api = api_of(alice)
    channel = api.channel()
    api.say(channel, "one")
    path = f"conversations/{channel['id']}/read"
    for seq in (0, 2):
        assert code_of(api("PUT", path, {"seq": seq, "unread": True})) == (422, "invalid")
    assert code_of(api_of(bob)("PUT", path, {"seq": 1, "unread": True})) == (403, "forbidden")
    assert code_of(api_of(charlie)("PUT", path, {"seq": 1, "unread": True})) == (404, "not_found")
