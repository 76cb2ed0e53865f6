from __future__ import annotations

from urllib.parse import quote

import pytest

from accounts.models import Member
from chat.emoji import EMOJIS, one_emoji
from chat.models import Reaction
from tests.cast import scope_of
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
    answer = api_of(alice)("PUT", f"messages/{sent['id']}/reactions/{quote(emoji)}")
    assert answer.json()["reactions"][0]["emoji"] == emoji


@pytest.mark.parametrize(
    ("spellings", "emoji"),
    [
        (["👍", "👍\ufe0f"], "👍"),
        (["\u2764", "\u2764\ufe0f"], "\u2764\ufe0f"),
        (["\u2194", "\u2194\ufe0f"], "\u2194\ufe0f"),
        (["#\u20e3", "#\ufe0f\u20e3"], "#\ufe0f\u20e3"),
        (["\u270c\U0001f3fd", "\u270c\ufe0f\U0001f3fd"], "\u270c\U0001f3fd"),
        (["🏳\u200d🌈", "🏳\ufe0f\u200d🌈"], "🏳\ufe0f\u200d🌈"),
        (["👁\u200d🗨", "👁\ufe0f\u200d🗨\ufe0f"], "👁\ufe0f\u200d🗨\ufe0f"),
    ],
)
def test_one_emoji_is_one_reaction_however_it_is_spelled(
    api_of, alice: Member, bob: Member, spellings: list[str], emoji: str
) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    path = f"messages/{api_of(alice).say(channel, 'hm')['id']}"
    one, other = spellings
    api_of(alice)("PUT", f"{path}/reactions/{quote(one)}")
    answer = api_of(bob)("PUT", f"{path}/reactions/{quote(other)}").json()
    assert answer["reactions"] == [{"emoji": emoji, "members": [str(alice.pk), str(bob.pk)]}]
    assert api_of(alice)("DELETE", f"{path}/reactions/{quote(other)}").status_code == 204
    assert api_of(bob)("DELETE", f"{path}/reactions/{quote(one)}").status_code == 204
    assert api_of(bob).get(path)["reactions"] == []


def test_a_reaction_from_before_emoji_were_checked_can_be_taken_back(api_of, alice: Member) -> None:
    sent = api_of(alice).say(api_of(alice).channel(), "hm")
    with scope_of(alice):
        Reaction.objects.create(
            organization_id=alice.organization_id, message_id=sent["id"], member=alice, emoji="\u2192"
        )
    path = f"messages/{sent['id']}/reactions/%E2%86%92"
    assert code_of(api_of(alice)("PUT", path)) == (422, "invalid")
    assert api_of(alice)("DELETE", path).status_code == 204
    assert code_of(api_of(alice)("DELETE", path)) == (422, "invalid")


@pytest.mark.parametrize("emoji", [emoji for emoji, _ in EMOJIS])
def test_the_emoji_that_the_page_offers_are_spelled_in_full(emoji: str) -> None:
    assert one_emoji(emoji) == emoji


@pytest.mark.parametrize(
    "emoji",
    [
        *("hello", "<b>", "1", "a👍", "👍" * 33, "👍👎", "👍 ", "\u0663", "\u2460", "\u2192", "%EF%B8%8F"),
        *("🇩", "🇽🇽", "👍\u200d", "\u20e3", "🏴\U000e0061\U000e007f", "\u200b👍"),
    ],
    ids=ascii,
)
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
