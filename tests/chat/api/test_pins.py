from __future__ import annotations

from accounts.models import Member
from tests.chat.api.conftest import code_of


def test_what_is_pinned_is_kept_at_hand_for_everybody_there(api_of, alice: Member, bob: Member) -> None:
    api = api_of(alice)
    channel = api.channel(members=[bob.pk])
    first, second, third = (api.say(channel, text) for text in ("first", "second", "third"))
    api_of(bob)("PUT", f"messages/{third['id']}/pin")
    pinned = api("PUT", f"messages/{first['id']}/pin").json()
    assert (pinned["pinned_by"], pinned["version"]) == (str(alice.pk), 2)
    assert api_of(bob)("PUT", f"messages/{first['id']}/pin").json() == pinned  # once is enough
    pins = api_of(bob).get(f"conversations/{channel['id']}/pins")
    assert ([m["text"] for m in pins["results"]], pins["next"]) == (["third", "first"], None)

    for message in (second, third, third):
        assert api("DELETE", f"messages/{message['id']}/pin").status_code == 204
    api("DELETE", f"messages/{first['id']}")
    assert api.get(f"conversations/{channel['id']}/pins")["results"] == []


def test_a_conversation_holds_so_many_pins(api_of, alice: Member, settings) -> None:
    settings.PINS_PER_CONVERSATION = 1
    api = api_of(alice)
    channel = api.channel()
    one, other = api.say(channel, "one"), api.say(channel, "other")
    assert api("PUT", f"messages/{one['id']}/pin").status_code == 200
    assert code_of(api("PUT", f"messages/{other['id']}/pin")) == (409, "conflict")
    assert api.get(f"messages/{other['id']}")["version"] == 1


def test_who_takes_no_part_pins_nothing(api_of, alice: Member, bob: Member, charlie: Member) -> None:
    channel = api_of(alice).channel()
    sent = api_of(alice).say(channel, "hm")
    assert code_of(api_of(bob)("PUT", f"messages/{sent['id']}/pin")) == (403, "forbidden")
    assert api_of(bob).get(f"conversations/{channel['id']}/pins")["results"] == []
    for method in ("PUT", "DELETE"):
        assert code_of(api_of(charlie)(method, f"messages/{sent['id']}/pin")) == (404, "not_found")
    assert code_of(api_of(charlie)("GET", f"conversations/{channel['id']}/pins")) == (404, "not_found")
