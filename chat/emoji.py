"""Emoji: the one spelling of each, and those that a message's menu offers, with the names that are read out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from django.utils.translation import gettext_lazy as _

EMOJI_STYLE: Final = "\N{VARIATION SELECTOR-16}"

# The menu of a message offers these; the picker has all of them (static/js/ui/emoji/list.js).
EMOJIS: Final = (
    ("👍", _("thumbs up")),
    ("👎", _("thumbs down")),
    ("❤️", _("red heart")),
    ("😂", _("face with tears of joy")),
    ("😄", _("grinning face with smiling eyes")),
    ("🙂", _("slightly smiling face")),
)


def one_emoji(text: str) -> str | None:
    """Return the fully-qualified spelling (UTS #51) of the text if it is exactly one emoji, else None.

    Keyboards differ in where they put the variation selector that asks for a picture, so it is no part of the
    comparison.
    """
    return _fully_qualified().get(text.replace(EMOJI_STYLE, ""))


@cache
def _fully_qualified() -> Mapping[str, str]:
    """Return every emoji that is recommended for general interchange, by its spelling without variation selectors."""
    from emoji import EMOJI_DATA, STATUS  # 70 ms and 5 MB, for processes that see a reaction

    statuses = {STATUS["fully_qualified"], STATUS["component"]}
    return {emoji.replace(EMOJI_STYLE, ""): emoji for emoji, data in EMOJI_DATA.items() if data["status"] in statuses}
