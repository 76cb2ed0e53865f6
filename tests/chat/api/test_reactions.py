from __future__ import annotations

import pytest

from accounts.models import Member
from tests.chat.api.conftest import code_of


def test_reactions_are_counted_once_a_member(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    sent = api_of(alice).say(channel, "lunch?")
    path = f"messages/{sent['id']}/reactions"

    api_of(bob)("PUT", f"{path}/👍")
    api_of(alice)("PUT", f"{path}/👍")
    twice = api_of(bob)("PUT", f"{path}/👍").json()
    assert twice["reactions"] == [{"emoji": "👍", "members": [str(bob.pk), str(alice.pk)]}]
    assert twice["version"] == 3

    assert api_of(bob)("DELETE", f"{path}/👍").status_code == 204
    assert api_of(bob)("DELETE", f"{path}/👍").status_code == 204
    assert api_of(bob).get(f"messages/{sent['id']}")["reactions"] == [{"emoji": "👍", "members": [str(alice.pk)]}]


@pytest.mark.parametrize("emoji", ["👍🏽", "👩‍👩‍👧", "🇩🇪", "❤️", "✅", "1️⃣"])
def test_every_kind_of_emoji_is_one(api_of, alice: Member, emoji: str) -> None:
    sent = api_of(alice).say(api_of(alice).channel(), "hm")
    answer = api_of(alice)("PUT", f"messages/{sent['id']}/reactions/{emoji}")
    assert answer.json()["reactions"][0]["emoji"] == emoji


@pytest.mark.parametrize("emoji", ["hello", "<b>", "1", "a👍", "👍" * 33, "%00"])
def test_a_reaction_is_no_place_to_write(api_of, alice: Member, emoji: str) -> None:
    sent = api_of(alice).say(api_of(alice).channel(), "hm")
    assert code_of(api_of(alice)("PUT", f"messages/{sent['id']}/reactions/{emoji}")) == (422, "invalid")


def test_a_message_takes_only_so_many_kinds(api_of, alice: Member, settings) -> None:
    settings.REACTIONS_PER_MESSAGE = 1
    api = api_of(alice)
    path = f"messages/{api.say(api.channel(), 'hm')['id']}/reactions"
    assert api("PUT", f"{path}/👍").status_code == 200
    assert code_of(api("PUT", f"{path}/👎")) == (409, "conflict")


def test_charlie_reacts_to_nothing_of_acme(api_of, alice: Member, charlie: Member) -> None:
    sent = api_of(alice).say(api_of(alice).channel(), "hm")
    for method in ("PUT", "DELETE"):
        assert code_of(api_of(charlie)(method, f"messages/{sent['id']}/reactions/👍")) == (404, "not_found")
    assert api_of(alice).get(f"messages/{sent['id']}")["reactions"] == []
