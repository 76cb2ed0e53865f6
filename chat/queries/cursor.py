"""Positions in the event log, opaque to clients.

A cursor is safe against the order of commits: events carry the id of their writing transaction, the cursor is the
snapshot's `xmin`, below which every transaction has ended, and the next answer begins there; events that were in
flight are returned again rather than missed. It names the database cluster, its timeline and an event that must exist:
a restored backup, or a failover that lost transactions, makes clients start afresh.
(The idea of the xmin cursor is from pgq and the transactional-outbox literature.)
"""

from __future__ import annotations

import base64
import hashlib
import time
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from django.conf import settings
from msgspec import Struct

from accounts.models import Member
from chat import sql

MARGIN: Final = 3600  # seconds: the longest transaction, and how far the clocks of two nodes may lie apart


class Cursor(Struct, frozen=True, array_like=True):
    """A position in the event log. `since` is 0 for a first sync; between pages `until`, `after`, `spent` are set."""

    member: UUID
    cluster: str
    anchor: tuple[int, str]  # an event that the database had then, and its mark; (0, "") for an empty log
    since: int
    until: int = 0
    after: UUID | None = None
    at: int = 0  # when it was given out, in seconds since 1970
    spent: int = 0  # between the pages of a sync: about the bytes of messages in those before

    def encode(self) -> str:
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(self)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor | None:
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return msgspec.msgpack.decode(raw, type=cls)
        except (ValueError, msgspec.DecodeError, RecursionError):
            return None


_HERE: Final = """
SELECT system_identifier || '.' || left(pg_walfile_name(pg_current_wal_lsn()), 8),
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint, newest.id, newest.at
FROM pg_control_system() LEFT JOIN (SELECT id, at FROM chat_event ORDER BY id DESC LIMIT 1) AS newest ON true
"""


def here(member: Member) -> Cursor:
    """Return the cursor of this snapshot, as for a first sync: `since` is 0, a later sync begins with `until`."""
    ((cluster, xmin, newest, at),) = sql.execute(_HERE, [])
    anchor = (newest, _mark(newest, at)) if newest is not None else (0, "")
    return Cursor(member=member.pk, cluster=cluster, anchor=anchor, since=0, until=xmin, at=int(time.time()))


def valid(given: Cursor | None, now: Cursor) -> Cursor | None:
    """Return the cursor, or None if it is another member's, of another database, of a lost future, or too old."""
    if given is None or (given.member, given.cluster) != (now.member, now.cluster) or given.since > now.until:
        return None
    if given.at < now.at - settings.EVENT_DAYS * 86_400 + MARGIN:
        return None  # what came after it may have been purged
    id, mark = given.anchor
    row = sql.execute("SELECT at FROM chat_event WHERE id = %s::bigint", [id]).fetchone()
    return given if id == 0 or (row and _mark(id, row[0]) == mark) else None


def _mark(id: int, at: datetime) -> str:
    """Return a mark that distinguishes an event from another with the same id in a restored database.

    It is keyed, because the event may belong to any tenant.
    """
    key = settings.SECRET_KEY.encode()[:64]
    return hashlib.blake2b(f"{id} {at.timestamp()}".encode(), key=key, digest_size=8).hexdigest()
