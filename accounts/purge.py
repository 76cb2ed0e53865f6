"""What accounts no longer needs: old invitations, expired tokens and sessions.

`EXPIRED` lists them for the purge of the installation (chat/actions/purge), which runs each in batches.
"""

# ruff: noqa: S608  # the parts are constants of this file, never input

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

BATCH: Final = 20_000  # rows deleted in one transaction: some tens of milliseconds
INVITATION_KEPT: Final = 30  # days after it expired: its link says "expired", not "unknown", and admins see what it was


@dataclass(frozen=True, slots=True)
class ExpiredRows:
    """Rows of one table that may be deleted: those for which `condition` is true."""

    name: str  # in metrics and on the command line
    table: str
    key: str
    condition: str
    parameters: Mapping[str, int]

    def count(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {self.table} WHERE {self.condition}", self.parameters)
            return int(cursor.fetchone()[0])

    @transaction.atomic
    def remove(self) -> int:
        """Delete one batch and return its number of rows. Rows that others hold are skipped."""
        batch = f"SELECT {self.key} FROM {self.table} WHERE {self.condition} LIMIT {BATCH} FOR UPDATE SKIP LOCKED"
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {self.table} WHERE {self.key} = ANY(ARRAY({batch}))", self.parameters)
            return int(cursor.rowcount)


EXPIRED: Final = (
    ExpiredRows(
        "expired_invitations",
        "accounts_invitation",
        "id",
        "expires_at < now() - make_interval(days => %(days)s)",
        {"days": INVITATION_KEPT},
    ),
    ExpiredRows("expired_tokens", "accounts_apitoken", "id", "expires_at < now()", {}),
    ExpiredRows("expired_sessions", "django_session", "session_key", "expire_date < now()", {}),
)
