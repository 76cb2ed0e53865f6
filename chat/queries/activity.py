"""How much was written in the last seven days, for the overview of the desk."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

DAYS: Final = 7
LOOKED_AT: Final = 50_000  # of the newest messages of the installation, by the primary key: some tens of milliseconds

# Ids are UUIDv7, which begin with the time, so the newest messages are the last ones of the primary key.
_WEEK: Final = """
WITH newest AS (
    SELECT organization_id, author_id, created_at FROM chat_message
    WHERE id >= %(since_id)s ORDER BY id DESC LIMIT %(most)s
)
SELECT (created_at AT TIME ZONE 'UTC')::date, count(*), count(DISTINCT author_id), (SELECT count(*) FROM newest)
FROM newest
WHERE created_at >= %(since)s AND (%(organization)s::uuid IS NULL OR organization_id = %(organization)s)
GROUP BY 1
"""


class Day(NamedTuple):
    day: date
    messages: int
    people: int


class Week(NamedTuple):
    """The days, the oldest first; `is_bounded` if more messages were written than the query looks at."""

    days: list[Day]
    is_bounded: bool


def week_of(organization_id: UUID | None) -> Week:
    """Return messages and people who wrote, by day (UTC), for one organization or for all."""
    today = timezone.now().astimezone(UTC).date()
    first = today - timedelta(days=DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    parameters: dict[str, Any] = {
        "since": since,
        "since_id": _first_id(since),
        "most": LOOKED_AT,
        "organization": organization_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WEEK, parameters)
        rows = cursor.fetchall()
    found = {day: (messages, people) for day, messages, people, _ in rows}
    days = [first + timedelta(days=index) for index in range(DAYS)]
    is_bounded = any(looked_at >= LOOKED_AT for *_, looked_at in rows)
    return Week([Day(day, *found.get(day, (0, 0))) for day in days], is_bounded)


def _first_id(since: datetime) -> UUID:
    """Return the smallest UUIDv7 of this time."""
    return UUID(int=int(since.timestamp() * 1000) << 80)
