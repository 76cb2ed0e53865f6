"""Make the record known to the rest of the server: as a follower of the event log, and as something that hangs on
messages and goes with them."""

from __future__ import annotations

from chat.attention.recording import record
from chat.content.facets import Facet, register
from chat.delivery.followers import follow
from chat.models import Attention


def connect() -> None:
    """Register both. From the beginning of the log on, so that messages from before the table existed are recorded as
    well, as far back as the log is kept."""
    register(Facet(name="attention", models=(Attention,), emptied="for good"))
    follow(
        "attention",
        record,
        types=("message.created", "message.updated", "message.deleted"),
        start="beginning",
        batch=100,  # messages: with a keyword of 50 members in each, 5,000 rows and events in one transaction
    )
