"""Types of fields that several entities use."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

Time = Annotated[datetime, Meta(tz=True)]
Html = Annotated[
    str,
    Meta(
        description="Safe HTML of the text. Names in it are those of the time of writing: show the present name of the "
        "member in `data-member` and of the conversation in `data-conversation` instead, where you know it. Set "
        '`dir="auto"` on the outermost elements.'
    ),
]
Ranges = list[Annotated[list[int], Meta(min_length=2, max_length=2)]]
"""A set of sequence numbers as inclusive ranges `[[from, to], …]`, ascending, none touching the next."""
