"""Read the log into the queues: each event once, in an order that never contradicts the order of commits.

An event's id is taken before its transaction commits, so an event with a lower id may appear after one with a higher
id. Neither the id nor the transaction's id alone shows what is new. What does is the database's own answer: a
**snapshot** says of every transaction whether it had committed. The reader keeps the snapshot `since` up to which it
has read, takes a new one, `until`, and reads the events that `until` sees and `since` does not, by ascending id. Then
`since` is what `until` was.

Why this keeps the order of a conversation: a transaction that publishes into a conversation holds its lock while the
ids are taken and until the commit. Let event 1 have a lower id than event 2 of the same conversation. Then the
transaction of 1 had committed before the id of 2 was taken, so every snapshot that sees 2 sees 1: 1 is read in the same
round or in an earlier one, and within a round the ids decide. (Rounds between two values of `xmin`, as in
chat/queries/cursor.py, lose nothing but do not keep that order: a transaction with a low xid may have waited for one
with a higher xid, and while a third with an xid between them is open, only the first lies below `xmin`.)

**Floor.** There is no index of the log that a snapshot could use, and none is added: it would cost every message. The
log is read by its primary key, from `floor`: no event that `since` does not see has that id or a lower one. Proof: a
transaction that publishes gets its xid first and takes ids afterwards (`publish.reserve` sees to it). Read `mark_id`,
the last id that was taken, and then let this transaction have an xid of its own; `mark_xid` is the next one. A
transaction with an xid from `mark_xid` on got it later and took its ids later still, so they lie above `mark_id`. Once
the `xmin` of a later snapshot has reached `mark_xid`, all transactions below it have ended, and whatever that snapshot
does not see has an xid from `mark_xid` on. (The `xmax` of a snapshot does not do: it is the xid after the last one that
had ended, and transactions with higher ones may have been at work.)

**Another database.** Where the cluster or its timeline is not the one in the row, a backup was restored or a standby
took over. The row came with the log, so nothing is lost; but xids of the old cluster mean nothing in the new one. All
events above the floor are read again, those whose xids have not been given out here included, and the operations page
shows when that was. A handler may get an event again that it had, and recognizes it by its id.
The xid of a transaction that wrote nothing can be given out again after a crash, which would make `since` see an event
that was not there. So the row is written by a subtransaction that begins after the snapshot: its xid is higher than all
that the snapshot knows, and once it is on disk none of those comes again.

The source of the idea is pgq, whose ticks are such snapshots.
"""

# ruff: noqa: S608  # the parts of the statements are constants of this file, never input

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from chat.delivery.followers.registry import Declaration
from chat.models import Follower

CHUNK: Final = 20_000  # ids of the log looked at in one transaction: some tens of milliseconds
QUEUED: Final = 5_000_000  # events that may wait in the queues of one follower: 40 MB. More wait in the log
LAG: Final = 1000  # ids that the floor may lag behind before it is written, where there was nothing else to write

NOTHING: Final = "1:1:"  # the snapshot that sees no transaction

_LAST: Final = "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM chat_event_id_seq"
_HERE: Final = f"""
SELECT system_identifier || '.' || left(pg_walfile_name(pg_current_wal_lsn()), 8), now.snapshot::text,
    pg_snapshot_xmin(now.snapshot)::text::bigint, pg_current_xact_id()::text::bigint + 1, ({_LAST})
FROM pg_control_system(), (SELECT pg_current_snapshot() AS snapshot) AS now
"""

# The ids of the next chunk, by themselves: with literals the planner knows that they are few.
_SPAN: Final = """
SELECT least(%(last)s, id + %(chunk)s - 1) FROM chat_event WHERE id > %(after)s ORDER BY id LIMIT 1
"""
# A row of a restored database may have an xid that has not been given out here.
_RESTORED: Final = "(%(restored)s AND e.xid >= pg_snapshot_xmax(pg_current_snapshot()))"
_CHUNK: Final = f"""
WITH found AS MATERIALIZED (
    SELECT e.id, e.organization_id FROM chat_event e
    WHERE e.id > %(after)s AND e.id <= %(upto)s
        AND NOT pg_visible_in_snapshot(e.xid, %(since)s::pg_snapshot)
        AND (pg_visible_in_snapshot(e.xid, %(until)s::pg_snapshot) OR {_RESTORED})
        AND (%(types)s::text[] = '{{}}' OR e.type = ANY(%(types)s::text[]))
), queues AS (
    INSERT INTO chat_followerqueue (follower_id, organization_id, handled, failed, tries, singly)
    SELECT DISTINCT %(name)s, organization_id, 0, 0, 0, 0 FROM found
    ON CONFLICT (follower_id, organization_id) DO NOTHING
), queued AS (
    INSERT INTO chat_queuedevents (follower_id, organization_id, ids, size, done)
    SELECT %(name)s, organization_id, array_agg(id ORDER BY id), count(*), 0 FROM found GROUP BY organization_id
)
SELECT count(*) FROM found
"""


@dataclass(frozen=True, slots=True)
class _Here:
    """A snapshot taken now. `before`: the last id that had been taken before this transaction had an xid, `last`: after
    the snapshot. `next_xid`: the one after the xid of this transaction."""

    cluster: str
    snapshot: str
    xmin: int
    next_xid: int
    last: int
    before: int


@transaction.atomic
def begin(declared: Declaration) -> None:
    """Make the row of a new follower, where there is none. Two workers may call it at once."""
    here = _here(_last_id())
    row = Follower(
        name=declared.name,
        cluster=here.cluster,
        since=NOTHING,
        floor=None if declared.start == "now" else 0,
        mark_xid=here.next_xid,
        mark_id=here.before,
    )
    Follower.objects.bulk_create([row], ignore_conflicts=True)


@transaction.atomic
def read(declared: Declaration) -> bool:
    """Put the next events into queues. Returns whether it is worth while to call it again at once.

    It looks at CHUNK ids at most. Locks the follower's row; where another worker has it, that one reads.
    """
    before = _last_id()
    follower = _lock(declared.name)
    if follower is None or _is_full(declared.name):
        return False
    resumed = follower.until != ""
    written = resumed or _open(follower, _here(before))
    if follower.floor is None:
        return False
    with transaction.atomic():  # its xid is higher than those that `until` knows: see above
        found = _read_chunk(follower, declared)
        if found or written or follower.until or _lags(follower):
            follower.save(force_update=True)
    return found > 0 or follower.until != "" or (resumed and before > follower.last)  # newer than this round


def _lock(name: str) -> Follower | None:
    return Follower.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=name).first()


def _is_full(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(size - done) >= %s FROM chat_queuedevents WHERE follower_id = %s", [QUEUED, name])
        ((full,),) = cursor.fetchall()
    return bool(full)


def _open(follower: Follower, here: _Here) -> bool:
    """Begin to read what `here` sees and `since` does not. Returns whether that has to be written even if it is
    nothing. From now on `floor` is that of `until`."""
    follower.until, follower.last = here.snapshot, here.last
    if follower.cluster != here.cluster:
        return _open_elsewhere(follower, here)
    position, proved = follower.floor, here.xmin >= follower.mark_xid
    if proved:
        follower.floor = follower.mark_id
        follower.mark_xid, follower.mark_id = here.next_xid, here.before
    if position is None:  # a new follower: it begins with what this snapshot does not see
        follower.since, follower.position = here.snapshot, here.last
        return proved
    follower.position = position
    return False


def _open_elsewhere(follower: Follower, here: _Here) -> bool:
    """The database is another one: read everything above the floor."""
    follower.cluster, follower.since = here.cluster, NOTHING
    follower.mark_xid, follower.mark_id = here.next_xid, here.before
    if follower.floor is not None:
        follower.floor = follower.position = min(follower.floor, here.before)
    follower.restored, follower.restored_at = True, timezone.now()
    return True


def _read_chunk(follower: Follower, declared: Declaration) -> int:
    """Queue the events of the next ids; how many. Ends the round where none of its ids are left."""
    with connection.cursor() as cursor:
        cursor.execute(_SPAN, {"after": follower.position, "last": follower.last, "chunk": CHUNK})
        upto = next((row[0] for row in cursor.fetchall()), follower.last)
        cursor.execute(
            _CHUNK,
            {
                "name": follower.name,
                "after": follower.position,
                "upto": upto,
                "since": follower.since,
                "until": follower.until,
                "restored": follower.restored,
                "types": sorted(declared.types),
            },
        )
        ((found,),) = cursor.fetchall()
    follower.position = upto
    if upto >= follower.last:
        follower.since, follower.until, follower.restored = follower.until, "", False
    return int(found)


def _lags(follower: Follower) -> bool:
    return follower.last - (follower.floor or 0) > LAG


def _last_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LAST)
        return int(cursor.fetchall()[0][0])


def _here(before: int) -> _Here:
    with connection.cursor() as cursor:
        cursor.execute(_HERE)
        cluster, snapshot, xmin, next_xid, last = cursor.fetchall()[0]
    return _Here(cluster, snapshot, xmin, next_xid, last, before)
