"""What is left of the text that people type."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.clean_text import LineField, clean_line, clean_lines, clean_message, draws_nothing
from accounts.models import Member, Organization

# One of each kind of character that no font draws.
NOT_DRAWN = [
    *("\u200b", "\ufeff", "\u2060", "\u00ad", "\u034f", "\u061c", "\u200e", "\u202a", "\u202e", "\u2066", "\u2069"),
    *("\u115f", "\u1160", "\u17b4", "\u180e", "\u3164", "\uffa0", "\u2800", "\ufe0f", "\ufe00", "\ufff9", "\ufffc"),
    *("\x00", "\x07", "\x1b", "\x7f", "\x9b", "\ud83d", "\ufffe", "\U0001d159", "\U0001d173", "\U000e0001"),
    *("\U000e0041", "\U000e0100", "\u200c", "\u200d", "\u2064", "\u206a"),
]
# Text that loses its meaning without a character that is not drawn.
NEEDED = [
    "می\u200cخواهم",
    "ශ්\u200dරී ලංකා",
    "র\u200d্যাব",
    "ന്\u200d",
    "क्\u200dष",
    "葛\U000e0100城",
    "ᠮᠣᠩᠭᠣᠯ\u180b",
    "Ada \N{WOMAN}\u200d\N{PERSONAL COMPUTER}",
    "\N{HEAVY BLACK HEART}\ufe0f",
    "1\ufe0f\u20e3",
    "\N{WAVING WHITE FLAG}\ufe0f\u200d\N{RAINBOW}",
    "\N{WAVING BLACK FLAG}\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
]
anything = st.text(st.characters() | st.sampled_from("".join(NOT_DRAWN)) | st.sampled_from("".join(NEEDED)))


@pytest.mark.parametrize("character", NOT_DRAWN, ids=ascii)
def test_a_line_loses_what_is_not_drawn(character: str) -> None:
    assert clean_line(f"a{character}b").replace(" ", "") == "ab"
    assert clean_line(f"{character}ab{character}") == "ab"
    assert clean_line(character) == ""


@pytest.mark.parametrize("text", NEEDED, ids=ascii)
def test_a_line_keeps_what_a_script_or_an_emoji_needs(text: str) -> None:
    assert clean_line(text) == text
    assert not draws_nothing(text)


def test_a_line_loses_a_joiner_that_joins_nothing() -> None:
    assert clean_line("علی\u200c") == "علی"
    assert clean_line("\N{THUMBS UP SIGN}\u200d") == "\N{THUMBS UP SIGN}"
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "secret")
    assert clean_line(f"\N{WAVING BLACK FLAG}{hidden}") == "\N{WAVING BLACK FLAG}"


def test_a_line_is_one_line_in_composed_form() -> None:
    assert clean_line("  Zoe\u0308\t\u3000 Ada\r\n\u2029Lovelace ") == "Zoë Ada Lovelace"


def test_lines_keep_their_ends() -> None:
    assert clean_lines("\n one\u202e \r\ntwo\x0b\n\n\n three \n") == "one\ntwo\n\nthree"


def test_a_message_keeps_all_but_control_characters_and_lone_surrogates() -> None:
    text = "\tif x:\n\t\tمی\u200cخواهم\u200b \N{HEAVY BLACK HEART}\ufe0e"
    assert clean_message(text) == text
    assert clean_message("\n\na\x00\x1b[31mb\ud83d\r\nc\x85d  \n") == "a[31mb\ufffd\nc\nd"


@pytest.mark.parametrize("character", NOT_DRAWN, ids=ascii)
def test_what_no_font_draws_draws_nothing(character: str) -> None:
    assert draws_nothing(f" {character}\n{character * 3}")
    assert not draws_nothing(f"{character}.")


@given(anything)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    for clean in (clean_line, clean_lines, clean_message):
        assert clean(clean(text)) == clean(text)


@given(anything)
def test_a_clean_line_is_empty_or_drawn_and_fits_every_store(text: str) -> None:
    line = clean_line(text)
    assert line == "" or not draws_nothing(line)
    assert line == " ".join(line.split()) == unicodedata.normalize("NFC", line)
    assert not {"Cc", "Cs"} & {unicodedata.category(character) for character in line}
    line.encode()


@given(anything)
def test_what_a_message_draws_is_still_drawn_when_it_is_clean(text: str) -> None:
    clean_message(text).encode()
    assert draws_nothing(text) or not draws_nothing(clean_message(text))


@pytest.mark.django_db
def test_columns_are_cleaned_whichever_way_a_row_comes(acme: Organization, alice: Member, in_acme) -> None:
    alice.title = "Head\u202e of\x00 nothing"
    alice.save(update_fields=["title"])
    assert alice.title == "Head of nothing"
    Organization.objects.bulk_create([Organization(slug="evil", name="Acme\u200b")])
    assert Organization.objects.get(slug="evil").name == "Acme"


def test_columns_are_those_of_a_plain_field_to_the_database() -> None:
    assert LineField(max_length=80).deconstruct()[1:] == ("django.db.models.CharField", [], {"max_length": 80})
