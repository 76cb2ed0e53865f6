"""Emoji: the one spelling of each, and those that most reactions are made of with what people type to find them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from django.utils.translation import gettext_lazy as _

EMOJI_STYLE: Final = "\N{VARIATION SELECTOR-16}"

# The page offers these alone: a full list weighs too much.
EMOJIS: Final = (
    ("👍", _("thumbs up yes agree")),
    ("👎", _("thumbs down no")),
    ("❤️", _("heart love")),
    ("😂", _("laughing tears funny")),
    ("😄", _("smile happy")),
    ("🙂", _("slight smile")),
    ("😉", _("wink")),
    ("😍", _("heart eyes love")),
    ("🤔", _("thinking hmm")),
    ("😅", _("sweat phew")),
    ("😮", _("surprised wow")),
    ("😢", _("sad crying")),
    ("😡", _("angry")),
    ("🙄", _("rolling eyes")),
    ("😴", _("sleeping tired")),
    ("🤯", _("mind blown")),
    ("🥳", _("party celebrate")),
    ("🎉", _("tada party congratulations")),
    ("👏", _("clapping applause")),
    ("🙏", _("thanks please")),
    ("🙌", _("raised hands hooray")),
    ("💪", _("strong muscle")),
    ("👀", _("eyes looking")),
    ("👋", _("wave hello bye")),
    ("🤝", _("handshake deal")),
    ("👌", _("okay fine")),
    ("✅", _("done check")),
    ("❌", _("cross no")),
    ("➕", _("plus one")),
    ("❓", _("question")),
    ("❗", _("exclamation important")),
    ("💯", _("hundred exactly")),
    ("🔥", _("fire hot")),
    ("🚀", _("rocket ship launch")),
    ("✨", _("sparkles new")),
    ("⭐", _("star")),
    ("💡", _("idea light bulb")),
    ("🐛", _("bug")),
    ("🔧", _("wrench fix")),
    ("🚧", _("construction work in progress")),
    ("⏳", _("waiting hourglass")),
    ("📌", _("pin")),
    ("📅", _("calendar date")),
    ("📎", _("paperclip attachment")),
    ("☕", _("coffee break")),
    ("🍕", _("pizza lunch")),
    ("🎂", _("cake birthday")),
    ("🌱", _("seedling plant")),
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
