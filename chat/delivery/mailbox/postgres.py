"""The default backend: entries and tags are committed together with the change, so no entry can be lost.

How entries are stored is described in postgres_statements.py. With the newest entries beside the tag, a fan-out and an
ack each are one update of one row per client. Measured with 500 recipients, fan-out and ack together, against one row
for every entry: 6.6 µs of PostgreSQL a delivery instead of 12 when each event comes alone, 0.6 µs instead of 3.5 when
eight come together, and 68 bytes of WAL instead of 231. A row is dearer because it passes an index twice, and vacuum.

Lock order: clients by ascending id, after the locks of the action. Acks wait for no lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from chat import sql
from chat.delivery import database, metrics
from chat.delivery.database import numbers
from chat.delivery.mailbox import postgres_purges
from chat.delivery.mailbox import postgres_statements as statements
from chat.delivery.mailbox.contract import Backlog, EventBatch, Notify, Position, Purge

CHECK_AT_ONCE: Final = 16  # mailboxes measured by one fan-out; the purge empties the others within a minute
BACKLOGS_AT_ONCE: Final = 5_000  # clients in one statement: an index look-up for each, some ten milliseconds


class PostgresMailbox:
    hands_over_after_commit = False
    tags_in_database = True

    def append(
        self,
        organization_id: UUID,
        events: Sequence[int],
        *,
        conversation_id: UUID | None,
        notify: Notify,
    ) -> None:
        ids = numbers(events)
        if conversation_id is None:
            appended = sql.execute(statements.TO_AUDIENCES, {"events": ids, "organization": organization_id})
        else:
            appended = sql.execute(statements.TO_PARTICIPANTS, {"events": ids, "conversation": conversation_id})

        def after_commit() -> None:
            rows = appended.fetchall()  # not before: statements that are sent together have no answer yet
            recipients = {node: clients for node, clients, *_ in rows if node is not None}
            if recipients:
                same = conversation_id is not None  # only then are the events the same for all clients
                notify(
                    recipients,
                    {node: EventBatch(tuple(events), to, firsts) for node, to, firsts, _ in rows if same and node},
                )
            due = [client for *_, clients in rows for client in clients or ()]
            if due:
                transaction.on_commit(lambda: self._bound(due[:CHECK_AT_ONCE]), robust=True)

        transaction.on_commit(after_commit)

    def withdraw(self, member_id: UUID, conversation_id: UUID, *, event: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statements.WITHDRAW, {"member": member_id, "conversation": conversation_id, "event": event})

    def truncate(self, clients: Sequence[int], *, hole: bool = False) -> None:
        ids = sorted(clients)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT FROM chat_client WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids])
            cursor.execute("DELETE FROM chat_mailboxentry WHERE client_id = ANY(%s)", [ids])
            cursor.execute(
                "UPDATE chat_client SET overflowed_at = now(), tag = tag + %s, recent = '{}' WHERE id = ANY(%s)",
                [int(hole), ids],
            )

    def drop(self, clients: Sequence[int]) -> None:
        # To remove the rows of a full mailbox takes tens of milliseconds, for which no message should wait.
        ids = list(clients)
        transaction.on_commit(lambda: postgres_purges.remove_rows(ids), robust=True)

    def start(self, client_id: int) -> int:
        return 0

    def depth(self, clients: Sequence[int]) -> Mapping[int, int]:
        return dict(sql.execute_by_index(statements.DEPTH, [numbers(clients)]).fetchall())

    def backlogs(self, clients: Sequence[int]) -> Mapping[int, Backlog]:
        found: dict[int, Backlog] = {}
        for start in range(0, len(clients), BACKLOGS_AT_ONCE):
            rows = sql.execute_by_index(statements.BACKLOGS, [numbers(clients[start : start + BACKLOGS_AT_ONCE])])
            found |= {client: Backlog(entries, event) for client, entries, event in rows.fetchall()}
        return found

    def holding(self, clients: Sequence[int], event: int) -> set[int]:
        found = sql.execute_by_index(statements.HOLDING, {"clients": numbers(clients), "event": event})
        return {row[0] for row in found.fetchall()}

    def catch_up(self) -> int:
        return 0  # entries are part of the commit

    def purges(self) -> Mapping[str, Purge]:
        return postgres_purges.purges(self)

    async def read(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> list[EventBatch]:
        rows = await database.fetch(statements.READ, (numbers(clients), numbers(after), numbers(upto)))
        return [EventBatch(tuple(events), readers, firsts) for events, readers, firsts in rows]

    async def positions(self, clients: Sequence[int], *, known: Sequence[int] = ()) -> Mapping[int, Position]:
        rows = await database.fetch(statements.POSITIONS, (numbers(clients), numbers(known or [-1] * len(clients))))
        return {client: Position(tag, oldest) for client, tag, oldest in rows}

    async def acknowledge(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> Sequence[int]:
        keep = settings.ACKED_ENTRIES == "keep"
        trim, delete = (
            (statements.TRIM_AND_KEEP, statements.ACKED_AND_KEPT) if keep else (statements.TRIM, statements.ACKED)
        )
        ((taken, older, _),) = await database.fetch(trim, (numbers(clients), numbers(after), numbers(upto)))
        if older:
            await database.execute(delete, _columns(clients, after, upto, of=set(older)))
        missing = set(clients).difference(taken or ())
        return [row[0] for row in await database.fetch(statements.PRESENT, (numbers(missing),))] if missing else []

    def _bound(self, clients: Sequence[int]) -> None:
        """Empty those of the mailboxes that hold more than a sync would cost."""
        bounds = [database.numbers(clients), settings.MAILBOX_ENTRIES, settings.MAILBOX_BYTES]
        overflowing = [client for (client,) in sql.execute_by_index(statements.OVERFLOWING, bounds)]
        if overflowing:
            self.truncate(overflowing)
            metrics.OVERFLOWS.inc(len(overflowing))


def _columns(clients: Sequence[int], after: Sequence[int], upto: Sequence[int], *, of: set[int]) -> list[str]:
    """Return the parameters again, for some of the clients."""
    rows = [row for row in zip(clients, after, upto, strict=True) if row[0] in of]
    return [numbers(column) for column in zip(*rows, strict=True)]
