"""Figures for those who run the installation, or an organization in it. Each is bounded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from chat.delivery import store
from chat.delivery.mailbox import mailbox
from chat.models import Report

LOOKED_AT: Final = 20_000  # clients: one index look-up each, some tens of milliseconds together
COUNTED: Final = 1000  # reports of a state; beyond it the page says "1000 or more"
BOUNDS: Final = (0, 9, 99, 999, 9999)  # the deepest mailbox of each bucket; the last bucket is open

_CLIENTS: Final = """
SELECT id, node_id, platform FROM chat_client
WHERE %(organization)s::uuid IS NULL
    OR member_id IN (SELECT id FROM accounts_member WHERE organization_id = %(organization)s)
LIMIT %(most)s
"""
_PLATFORMS: Final = (
    f"SELECT platform, count(*), count(node_id) FROM ({_CLIENTS}) AS c GROUP BY platform ORDER BY 2 DESC"  # noqa: S608
)
_NODES: Final = """
SELECT n.name, n.started_at, n.lease_until > now(), (SELECT count(*) FROM chat_client c WHERE c.node_id = n.id)
FROM chat_node n ORDER BY n.id LIMIT 100
"""


@dataclass(frozen=True, slots=True)
class NodeFigures:
    name: str
    started_at: datetime
    alive: bool
    sockets: int


@dataclass(frozen=True, slots=True)
class Platform:
    name: str
    clients: int
    connected: int


@dataclass(frozen=True, slots=True)
class Depths:
    """How many entries wait for how many clients: `buckets` by BOUNDS, percentiles, and the time of the oldest."""

    clients: int
    buckets: list[tuple[str, int]]
    median: int
    p90: int
    p99: int
    deepest: int
    oldest: datetime | None


def node_figures() -> list[NodeFigures]:
    return [NodeFigures(*row) for row in _rows(_NODES)]


def platforms(organization_id: UUID | None) -> list[Platform]:
    return [Platform(*row) for row in _rows(_PLATFORMS, organization=organization_id, most=LOOKED_AT)]


def depths(organization_id: UUID | None) -> Depths:
    """Return the depths of the mailboxes of at most LOOKED_AT clients."""
    found, oldest = _held(organization_id)
    found.sort()
    return Depths(
        clients=len(found),
        buckets=_buckets(found),
        median=_percentile(found, 0.5),
        p90=_percentile(found, 0.9),
        p99=_percentile(found, 0.99),
        deepest=found[-1] if found else 0,
        oldest=oldest,
    )


def queue_length() -> int:
    """Return the number of Celery tasks that wait for a worker. Raises RedisError."""
    return int(store.threads().llen(settings.CELERY_TASK_DEFAULT_QUEUE))


def reports_by_state(reports: QuerySet[Report]) -> dict[str, int]:
    """Return the number of undecided reports by state; COUNTED means that many or more."""
    return {
        state.value: reports.filter(state=state).order_by()[:COUNTED].count()
        for state in (Report.State.OPEN, Report.State.IN_REVIEW)
    }


def _held(organization_id: UUID | None) -> tuple[list[int], datetime | None]:
    ids = [row[0] for row in _rows(_CLIENTS, organization=organization_id, most=LOOKED_AT)]
    backlogs = mailbox().backlogs(ids)
    oldest = min((backlog.oldest_event for backlog in backlogs.values()), default=None)
    depths = [backlogs[client].entries if client in backlogs else 0 for client in ids]
    return depths, None if oldest is None else _written_at(oldest)


def _written_at(event_id: int) -> datetime | None:
    found = _rows("SELECT at FROM chat_event WHERE id = %(event)s", event=event_id)
    return found[0][0] if found else None


def _buckets(depths: list[int]) -> list[tuple[str, int]]:
    lows = [0, *(bound + 1 for bound in BOUNDS[:-1])]
    counts = [sum(low <= depth <= high for depth in depths) for low, high in zip(lows, BOUNDS, strict=True)]
    names = [_("none"), *(f"{low:,}–{high:,}" for low, high in zip(lows[1:], BOUNDS[1:], strict=True))]
    beyond = (_("%(count)s and more") % {"count": f"{BOUNDS[-1] + 1:,}"}, sum(depth > BOUNDS[-1] for depth in depths))
    return [*zip(names, counts, strict=True), beyond]


def _percentile(ascending: list[int], share: float) -> int:
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))] if ascending else 0


def _rows(sql: str, **parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[Any] = cursor.fetchall()
    return rows
