"""Clean the text that people type: `clean_line`, `clean_lines` and `clean_message`; and columns that are cleaned.

A name, a title, a topic, a label or a reason holds no character that is not drawn: such characters make two different
names look alike, turn the rest of a line around, or break the header of a mail. They stay only where a script or an
emoji needs them. A message keeps them, because it is its author's own text; it only loses what a terminal would act on
and what PostgreSQL cannot hold.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Final

import regex
from django.db import models

if TYPE_CHECKING:
    CharField = models.CharField[str, str]
else:
    CharField = models.CharField  # Django's class takes no parameters when it runs

# Default-ignorable characters (zero-width ones, fillers, bidi controls, tags), control characters, lone surrogates,
# and the few that Unicode counts as symbols though no font draws them.
_NOT_DRAWN: Final = r"\p{DI}\p{Cc}\p{Cs}\p{NChar}\uFFF9-\uFFFC\U0001D159"
_BRAILLE_BLANK: Final = "\u2800"  # white space that `str.split` does not know

# Scripts in which a zero-width joiner or non-joiner between two letters changes what is read.
_SCRIPTS: Final = (
    "Arab Syrc Mand Mong Nkoo Phag Adlm Rohg Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Khmr Mymr Tibt Bali"
    " Java Sund Newa Cakm Gran Kthi Sidd Tirh"
)
_JOINING: Final = "".join(rf"\p{{{script}}}" for script in _SCRIPTS.split())
_PICTURE: Final = r"\p{ExtPict}(?:\p{EMod}|[\uFE0E\uFE0F])?"


def _tagged(letters: str) -> str:
    """Return the tag characters that spell these letters."""
    return "".join(chr(0xE0000 + ord(letter)) for letter in letters)


_NEEDED: Final = "|".join(
    (
        rf"\U0001F3F4(?:{_tagged('gbeng')}|{_tagged('gbsct')}|{_tagged('gbwls')})\U000E007F",  # flags of the three
        rf"{_PICTURE}(?:\u200D{_PICTURE})*",  # emoji of several parts
        r"[0-9#*]\uFE0F\u20E3",  # keycaps
        rf"(?<=[{_JOINING}])[\u200C\u200D](?=[{_JOINING}])",
        r"(?<=\p{ccc=9})\u200D",  # after the sign that takes a vowel away, at the end of a word in Malayalam
        r"(?<=\p{Han})[\uFE00-\uFE02\U000E0100-\U000E01EF]",  # one of several shapes of an ideograph
        r"(?<=\p{Mong})[\u180B-\u180D\u180F]",  # or of a Mongolian letter
    )
)
_STRAY: Final = regex.compile(rf"({_NEEDED})|(?!\s)[{_NOT_DRAWN}]")
_DRAWN: Final = regex.compile(rf"[^\s{_NOT_DRAWN}{_BRAILLE_BLANK}]")
_LINE_BREAK: Final = regex.compile(r"\r\n|[\r\v\f\x85]")
_CONTROL: Final = regex.compile(r"[^\P{Cc}\n\t]")
_SURROGATE: Final = regex.compile(r"\p{Cs}")


def clean_line(text: str) -> str:
    """Return the text as one line in NFC, without characters that are not drawn; empty if nothing is left."""
    return " ".join(_clean(text).split())


def clean_lines(text: str) -> str:
    """Return the same for text of several lines: the ends of its lines stay, at most one of them is empty in a row."""
    lines = [" ".join(line.split()) for line in _LINE_BREAK.sub("\n", _clean(text)).split("\n")]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip("\n")


def clean_message(text: str) -> str:
    """Return the text of a message without control characters, with U+FFFD for what is no character."""
    text = _CONTROL.sub("", _LINE_BREAK.sub("\n", text))
    return str(_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)).rstrip().lstrip("\n")


def draws_nothing(text: str) -> bool:
    """Return whether a reader would see nothing: white space, or characters that no font draws."""
    return _DRAWN.search(text) is None


class LineField(CharField):
    """A column of one clean line. Actions clean before they check; this is for rows that come by another way."""

    @staticmethod
    def cleaned(text: str) -> str:
        return clean_line(text)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        return super().clean(self._cleaned(value), model_instance)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001  # Django's signature
        value = self._cleaned(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Return a CharField for migrations: what is cleaned is no matter of the database."""
        name, _, args, kwargs = super().deconstruct()
        return name or "", "django.db.models.CharField", list(args), kwargs

    def _cleaned(self, value: Any) -> Any:
        return self.cleaned(value) if isinstance(value, str) else value


class LinesField(LineField):
    """A column of several clean lines."""

    @staticmethod
    def cleaned(text: str) -> str:
        return clean_lines(text)


def _clean(text: str) -> str:
    text = _STRAY.sub(lambda found: found[1] or "", unicodedata.normalize("NFC", text))
    return unicodedata.normalize("NFC", text).replace(_BRAILLE_BLANK, " ")
