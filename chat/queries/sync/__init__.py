"""The state since a cursor: what a client asks for when it starts, wakes up, or notices that it is out of step.

The answer is the present state of what changed, never a replay, so its cost depends on what changed and not on what is
stored. `chat/queries/cursor.py` explains what makes the position safe.

    answer.py          the answer, page by page
    changes.py         which conversations changed since the cursor
    conversations.py   the conversations of a page, and those that the member is no longer in
    messages.py        their messages, as many as fit
    participants.py    who takes part in them
    members.py         the people whom a page refers to, and those who changed
    limits.py          the bounds of an answer, with their reasons
    page.py            what a page holds, for the readers of all other entities
    own.py             rows of one table that are for the member alone
    readers/           one module for each other entity: how it is read for a page
"""

from __future__ import annotations

from chat.queries.sync.answer import SyncAnswer, sync

__all__ = ["SyncAnswer", "sync"]
