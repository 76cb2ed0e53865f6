"""The preferences of a member: how the page looks, and which words concern them. Typed, each with a default."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, TypedDict

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from msgspec import Meta, Struct

from accounts.clean_text import clean_line
from accounts.errors import Invalid

Theme = Literal["light", "dark", "system"]
Density = Literal["comfortable", "compact"]
Clock = Literal["12", "24", "auto"]
Motion = Literal["full", "reduced", "system"]
Smileys = Literal["on", "off"]  # whether :) becomes an emoji

KEYWORDS: Final = 20  # of a member: each message of their conversations is searched for all of them
KEYWORD_LENGTH: Final = 40  # characters: a name or a short phrase
_FOUND: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "So"})  # Unicode categories one can look for
Keyword = Annotated[str, Meta(min_length=1, max_length=KEYWORD_LENGTH)]
Keywords = Annotated[list[Keyword], Meta(max_length=KEYWORDS)]

COOKIE: Final = "parley_appearance"
COOKIE_AGE: Final = 365 * 86400  # seconds; the pages before one signs in look as the chat did


class Preferences(Struct, frozen=True):
    """`system` and `auto`: as the operating system says. `keywords`: words and phrases; messages with them concern the
    member."""

    theme: Theme = "system"
    density: Density = "comfortable"
    clock: Clock = "auto"
    motion: Motion = "system"
    smileys: Smileys = "on"
    keywords: Keywords = []


class PreferenceChanges(TypedDict, total=False):
    theme: Theme
    density: Density
    clock: Clock
    motion: Motion
    smileys: Smileys
    keywords: list[str]


def read_preferences(stored: object) -> Preferences:
    """What is stored, with defaults for what is not; a value of an older version counts as not stored."""
    known = stored if isinstance(stored, dict) else {}
    try:
        return msgspec.convert(known, Preferences)
    except msgspec.ValidationError:
        return Preferences()


def stored_preferences(preferences: Preferences) -> dict[str, Any]:
    """Return what is stored. Keywords are left out while there are none: few members have some, and an index
    (`member_with_keywords`) finds those."""
    stored: dict[str, Any] = msgspec.to_builtins(preferences)
    if not preferences.keywords:
        del stored["keywords"]
    return stored


def clean_keywords(keywords: Iterable[str]) -> list[str]:
    """Return the keywords as they are stored: one line each, every one once. Raises Invalid."""
    cleaned = list({line.casefold(): line for line in map(clean_line, keywords)}.values())
    if len(cleaned) > KEYWORDS:
        raise Invalid({"keywords": [gettext("At most %(most)s keywords.") % {"most": KEYWORDS}]})
    for keyword in cleaned:
        if len(keyword) > KEYWORD_LENGTH:
            text = gettext("A keyword has at most %(most)s characters.") % {"most": KEYWORD_LENGTH}
            raise Invalid({"keywords": [text]})
        if not any(
            unicodedata.category(character)[0] in "LN" or unicodedata.category(character) == "So"
            for character in keyword
        ):
            raise Invalid({"keywords": [gettext("A keyword needs a letter, a digit or an emoji.")]})
    return cleaned


def appearance(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `appearance` for the first paint, the member's, or what this browser showed last."""
    member = getattr(request, "member", None)
    if member is not None:
        return {"appearance": read_preferences(member.preferences)}
    try:
        return {"appearance": msgspec.json.decode(request.COOKIES.get(COOKIE, "{}"), type=Preferences)}
    except (msgspec.DecodeError, RecursionError):  # ValidationError is one, too: cookies can be written by anybody
        return {"appearance": Preferences()}


def remember_appearance(response: HttpResponse, preferences: Preferences) -> None:
    looks = msgspec.structs.replace(preferences, keywords=[])  # keywords are private and matter to no page
    response.set_cookie(
        COOKIE,
        msgspec.json.encode(looks).decode(),
        max_age=COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
