"""The bounds of an answer of sync."""

from __future__ import annotations

from typing import Final

PAGE: Final = 150  # conversations in an answer: about 90 KB of them and their participants
MESSAGES: Final = 50  # changed messages of one conversation; more of them leave a gap in its history
BUDGET: Final = 60_000  # bytes of messages in an answer, which keep the first one under 200 KB
TOTAL: Final = 600_000  # bytes of messages in all answers of a delta; after them, histories have gaps
ROW: Final = 600  # bytes of a message beside its text and html
PEOPLE: Final = 200  # changed members, or changed participants of a conversation; more of them are fetched on demand
WITH_MESSAGES: Final = 30  # conversations of a first sync that come with messages; clients page in the others
OWN: Final = 100  # reports of the member, and sanctions: more than anybody looks back at
EVENTS: Final = 400  # events of one conversation, or of people, that are read; more of them always leave a gap
