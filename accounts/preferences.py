"""How one member likes the page: typed, every value one of a few, and all of them with a default."""

from __future__ import annotations

from typing import Any, Final, Literal, TypedDict

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from msgspec import Struct

Theme = Literal["light", "dark", "system"]
Density = Literal["comfortable", "compact"]
Clock = Literal["12", "24", "auto"]
Motion = Literal["full", "reduced", "system"]
Smileys = Literal["on", "off"]  # whether :) becomes an emoji

COOKIE: Final = "parley_appearance"
COOKIE_AGE: Final = 365 * 86400  # seconds; the pages before one signs in look as the chat did


class Preferences(Struct, frozen=True):
    """`system` and `auto`: as the operating system says."""

    theme: Theme = "system"
    density: Density = "comfortable"
    clock: Clock = "auto"
    motion: Motion = "system"
    smileys: Smileys = "on"


class PreferenceChanges(TypedDict, total=False):
    theme: Theme
    density: Density
    clock: Clock
    motion: Motion
    smileys: Smileys


def read_preferences(stored: object) -> Preferences:
    """What is stored, with defaults for what is not; a value of an older version counts as not stored."""
    known = stored if isinstance(stored, dict) else {}
    try:
        return msgspec.convert(known, Preferences)
    except msgspec.ValidationError:
        return Preferences()


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
    response.set_cookie(
        COOKIE,
        msgspec.json.encode(preferences).decode(),
        max_age=COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
