"""The first page of the admin site: how delivery is doing, and what waits to be decided.

The staff of the installation see all of it, or the part of the organization they chose; admins see their own
organization's figures; moderators what there is to decide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import structlog
from django.http import HttpRequest
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from accounts.desk_scope import DeskRequest, may_look
from accounts.roles import Right
from chat.access import visible_reports
from chat.admin.charts import bar_chart, line_chart
from chat.delivery import figures
from chat.delivery.followers.lag import standings
from chat.models import Client, Report
from chat.queries import operations

SPAN: Final = figures.POINTS * figures.STEP // 60  # minutes
PLATFORM_NAMES: Final = dict(Client.Platform.choices)

T = TypeVar("T")
log = structlog.get_logger(__name__)


def dashboard(request: DeskRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK."""
    organization_id = request.organization.pk if request.organization is not None else None
    context["title"] = _("Overview")
    context["reports"] = operations.reports_by_state(
        Report.objects.all() if request.member is None else visible_reports(request.member)
    )
    if may_look(request, Right.READ_AUDIT_LOG):
        context["delivery"] = _delivery(organization_id)
    if _sees_installation(request):
        context["installation"] = _installation()
    return context


def _sees_installation(request: HttpRequest) -> bool:
    """All nodes serve all organizations, so what they count is nobody's but the staff's."""
    return may_look(request, None)


def _delivery(organization_id: Any) -> dict[str, Any]:
    platforms = operations.platforms(organization_id)
    depths = _from_valkey(lambda: operations.depths(organization_id))  # it may keep the mailboxes
    return {
        "connected": sum(platform.connected for platform in platforms),
        "clients": sum(platform.clients for platform in platforms),
        "bounded": sum(platform.clients for platform in platforms) >= operations.LOOKED_AT,
        "platforms": [(PLATFORM_NAMES[platform.name], platform) for platform in platforms],
        "depths": depths,
        "depth_chart": bar_chart(depths.buckets, label=_("Clients by waiting entries")) if depths else "",
    }


def _installation() -> dict[str, Any]:
    nodes = operations.node_figures()
    points = _from_valkey(figures.series) or []
    return {
        "nodes": nodes,
        "alive": sum(node.alive for node in nodes),
        "sockets": sum(node.sockets for node in nodes),
        "queue": _from_valkey(operations.queue_length),
        "rates": [_rate(points, "deliveries", _("Deliveries")), _rate(points, "acks", _("Acks"))],
        "resyncs": _totals(points, "resyncs."),
        "overflows": sum(counts.get("overflows", 0) for _at, counts in points),
        "purged": _from_valkey(figures.purged) or {},
        "span": _span(),
        "followers": [(each, _followed_rate(points, each.name)) for each in standings()],
    }


def _rate(points: list[tuple[float, dict[str, int]]], name: str, label: str) -> tuple[str, Any]:
    values = [counts.get(name, 0) / figures.STEP for _at, counts in points]
    return label, line_chart(values, label=label, unit="/s", span=_span())


def _followed_rate(points: list[tuple[float, dict[str, int]]], follower: str) -> float:
    """Events a second, in the last minute that is over."""
    last = points[-60 // figures.STEP :]
    return sum(counts.get(f"{figures.FOLLOWED}{follower}", 0) for _at, counts in last) / 60


def _span() -> str:
    return _("%(count)d min ago") % {"count": SPAN}


def _totals(points: list[tuple[float, dict[str, int]]], prefix: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for _at, counts in points:
        for name, value in counts.items():
            if name.startswith(prefix):
                found[name.removeprefix(prefix)] = found.get(name.removeprefix(prefix), 0) + value
    return dict(sorted(found.items()))


def _from_valkey(read: Callable[[], T]) -> T | None:
    """The page says what it can while Valkey is away."""
    try:
        return read()
    except RedisError as error:
        log.warning("figures_unavailable", reason=repr(error))
        return None
