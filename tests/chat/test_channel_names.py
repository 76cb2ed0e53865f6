"""The name of a channel in many scripts: it can be given, is one word in a text, and is found in each spelling."""

from __future__ import annotations

import unicodedata
from typing import Final
from uuid import UUID

import pytest

from accounts.models import Member
from chat.actions.conversations import create_channel
from chat.errors import Invalid
from chat.markdown import parse_mentions, render
from tests.cast import scope_of

ID: Final = UUID("01890000-0000-7000-8000-000000000000")

NAMES: Final = {
    "Devanagari": "हिन्दी",
    "Bengali": "বাংলা",
    "Gurmukhi": "ਪੰਜਾਬੀ",
    "Gujarati": "ગુજરાતી",
    "Tamil": "தமிழ்",
    "Telugu": "తెలుగు",
    "Kannada": "ಕನ್ನಡ",
    "Malayalam": "മലയാളം",
    "Sinhala": "සිංහල",
    "Thai": "ภาษาไทย",
    "Lao": "ພາສາລາວ",
    "Khmer": "ភាសាខ្មែរ",
    "Burmese": "မြန်မာ",
    "Tibetan": "བོད",
    "Arabic with vowels": "العَرَبِيَّة",
    "Persian with a non-joiner": "می\u200cخواهم",
    "Hebrew with points": "עִבְרִית",
    "Vietnamese": "tiếng-việt",
    "Turkish": "i̇stanbul",
    "Greek": "ελληνικά",
    "Russian": "ёлка",
    "Amharic": "አማርኛ",
    "Georgian": "ქართული",
    "Chinese": "中文",
    "Japanese": "がぎぐ",
    "Korean": "한국어",
    "Latin": "plain.name_2-x",
}


@pytest.mark.django_db
@pytest.mark.parametrize("script", NAMES)
def test_a_channel_takes_a_name_in_every_script(alice: Member, script: str) -> None:
    name = NAMES[script]
    with scope_of(alice):
        channel = create_channel(alice, kind="public", name=unicodedata.normalize("NFD", name))
    assert channel.name == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("script", NAMES)
def test_a_name_in_a_text_is_one_word_in_either_spelling(script: str, form: str) -> None:
    stored = unicodedata.normalize("NFC", NAMES[script])
    written = unicodedata.normalize(form, NAMES[script])
    for text in (f"#{written}", f"see #{written}, please", f"(#{written})"):
        assert stored in parse_mentions(text).channels, text
        link = f'<a class="channel" data-conversation="{ID}">#{written}</a>'
        assert link in render(text, channels={stored: ID}).html, text


@pytest.mark.parametrize("script", ["Devanagari", "Tamil", "Thai", "Arabic with vowels", "Hebrew with points"])
def test_a_shorter_name_is_not_cut_out_of_a_longer_one(script: str) -> None:
    """A vowel sign or an accent belongs to its letter: what ends before it is another word."""
    name = NAMES[script]
    marks = [at for at, character in enumerate(name) if unicodedata.category(character).startswith("M")]
    shorter = {name[:at]: ID for at in marks}
    assert "data-conversation" not in render(f"#{name}", channels=shorter).html


def test_a_handle_whose_last_letter_bears_an_accent_is_another_word() -> None:
    for accent in ("\u0301", "\u0940", "\u20dd"):
        assert not parse_mentions(f"@ann{accent}").handles - {"ann"}
        assert not render(f"@ann{accent}", mentions={}).handles


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["ि", "\u0301a", "_a", "-a", "a b", "a/b", "😀", "", "x" * 81])
def test_other_names_are_refused(alice: Member, name: str) -> None:
    with scope_of(alice), pytest.raises(Invalid):
        create_channel(alice, kind="public", name=name)


@pytest.mark.django_db
def test_what_joins_nothing_is_taken_away(alice: Member) -> None:
    with scope_of(alice):
        assert create_channel(alice, kind="public", name="a\u200d").name == "a"
