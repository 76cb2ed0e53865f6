"""`/healthz` (the process answers), `/readyz` (it can do its work) and `/metrics` (what it has done).

They are answered by a middleware before host validation, redirects and sessions: a probe comes by address, without a
cookie, and must not depend on what it examines. `/readyz` names the part that failed and nothing else; the reason is in
the log. `/metrics` belongs to this machine, or to whoever knows METRICS_TOKEN.

Figures are those of the process that answers. Where several processes serve one address, give them all the same empty
folder in PROMETHEUS_MULTIPROC_DIR, and every one of them answers for all.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any, cast

import structlog
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import sync_and_async_middleware
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from psycopg_pool import PoolTimeout
from redis import RedisError

logger = structlog.get_logger(__name__)

REQUESTS = Counter("parley_http_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "parley_http_request_seconds",
    "Time from the first middleware to the answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_migrated = False  # once true it stays true: the code of a running process does not change


@sync_and_async_middleware
def HealthMiddleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:  # noqa: N802
    """Answer the three probes, and count and time everything else."""
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponse:
            if (probe := PROBES.get(request.path)) is not None:
                return await sync_to_async(probe)(request)
            started = time.perf_counter()
            return _count(request, await cast("Awaitable[HttpResponse]", get_response(request)), started)

        return handle_async

    def handle(request: HttpRequest) -> HttpResponse:
        if (probe := PROBES.get(request.path)) is not None:
            return probe(request)
        started = time.perf_counter()
        return _count(request, get_response(request), started)

    return handle


def healthz(_request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all; a restart would help if it does not."""
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when database, Valkey and migrations are fine, else 503; `{"status", "checks": {part: "ok"|"failed"}}`."""
    checks = {name: _passes(name, check) for name, check in CHECKS.items()}
    ready = all(checks.values())
    body = {
        "status": "ok" if ready else "failed",
        "checks": {name: "ok" if passed else "failed" for name, passed in checks.items()},
    }
    return JsonResponse(body, status=200 if ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """The figures in Prometheus' text format; 403 for strangers."""
    if not _may_read_metrics(request):
        return HttpResponse("metrics are for this machine, or for a bearer of METRICS_TOKEN\n", status=403)
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def check_database() -> bool:
    """Whether the database answers a query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def check_valkey() -> bool:
    """Whether Valkey keeps what it is given."""
    value = secrets.token_hex(8)
    cache.set("readyz", value, timeout=60)
    return cache.get("readyz") is not None  # another process may have written meanwhile


def check_migrations() -> bool:
    """Whether every migration of this code is applied."""
    global _migrated  # noqa: PLW0603
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}
CHECKS: dict[str, Callable[[], bool]] = {
    "database": check_database,
    "valkey": check_valkey,
    "migrations": check_migrations,
}


def _passes(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (DatabaseError, PoolTimeout, RedisError, OSError) as error:
        logger.warning("not_ready", part=name, reason=type(error).__name__, exc_info=error)
        return False


def _count(request: HttpRequest, response: HttpResponse, started: float) -> HttpResponse:
    method = request.method if request.method in METHODS else "other"  # anybody can invent methods and paths
    match = request.resolver_match
    route = f"/{match.route}" if match is not None else "unmatched"
    REQUESTS.labels(method, route, response.status_code).inc()
    SECONDS.labels(method, route).observe(time.perf_counter() - started)
    return response


def _may_read_metrics(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    offered = request.headers.get("Authorization", "")
    if token and secrets.compare_digest(offered.encode(), f"Bearer {token}".encode()):
        return True
    # Behind a proxy on this machine every visitor comes from the loopback address; a proxy says so in these headers.
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not forwarded and _is_loopback(request.META.get("REMOTE_ADDR", ""))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:  # a socket file, a test client
        return False


def _registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
