"""The emoji that the page offers are those that the server takes as reactions, tone by tone."""

from __future__ import annotations

import json

from chat.emoji import EMOJIS, one_emoji
from tests.js.generate_emoji import TARGET, TONES, toned


def lines() -> list[list[str]]:
    text = TARGET.read_text()
    found: list[str] = json.loads(text[text.index("LINES = ") + len("LINES = ") :].rstrip().removesuffix(";"))
    return [line.split("\t") for line in found]


def test_every_emoji_that_the_picker_offers_is_taken_as_a_reaction() -> None:
    offered = [(emoji, way) for emoji, _, _, way, _, _ in lines()]
    assert len(offered) > 1800
    all_tones = [
        *(emoji for emoji, _ in offered),
        *(toned(emoji, tone, way) for emoji, way in offered if way != "0" for tone in TONES),
    ]
    assert [emoji for emoji in all_tones if one_emoji(emoji) != emoji] == []


def test_the_menu_of_a_message_calls_its_emoji_as_the_picker_does() -> None:
    names = {emoji: name for emoji, name, *_ in lines()}
    assert {emoji: str(name) for emoji, name in EMOJIS} == {emoji: names[emoji] for emoji, _ in EMOJIS}


def test_no_short_name_means_two_emoji() -> None:
    codes = [code for line in lines() for code in line[4].split()]
    assert len(codes) == len(set(codes))
