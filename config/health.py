"""`/healthz` (the process answers), `/readyz` (it can do its work) and `/metrics` (what it has done).

They are answered by a middleware before host validation, redirects and sessions: a probe comes by address, without a
cookie, and must not depend on what it examines. `/readyz` names the part that failed and nothing else; the reason is in
the log. Its parts are looked at once a second at most, however many ask. `/metrics` answers a bearer of
METRICS_TOKEN and the addresses of METRICS_NETWORKS, which is empty in production and the machine itself in development.

Figures are those of the process that answers. Where several processes serve one address, give them all the same empty
folder in PROMETHEUS_MULTIPROC_DIR, and every one of them answers for all.
"""

from __future__ import annotations

import os
import secrets
import threading
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
from prometheus_client.registry import Collector
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
# Headers of a request for figures: of scrapers, of curl, of a browser in which somebody looks at them.
SCRAPERS = frozenset(
    (
        *(
            "host",
            "user-agent",
            "accept",
            "accept-encoding",
            "accept-language",
            "connection",
            "cache-control",
            "pragma",
        ),
        *("cookie", "content-length", "content-type", "authorization", "x-request-id", "parley-request"),
        *("x-prometheus-scrape-timeout-seconds", "upgrade-insecure-requests", "dnt", "priority"),
        *("sec-fetch-site", "sec-fetch-mode", "sec-fetch-user", "sec-fetch-dest", "sec-gpc"),
        *("sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform"),
    )
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

LOOK_AGAIN = 1.0  # seconds for which what /readyz found is returned again: three round trips, and anybody may ask

_shared: list[Collector] = []
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


def share(collector: Collector) -> None:
    """Add figures that every process answers alike, because they are read from the database."""
    _shared.append(collector)
    REGISTRY.register(collector)


def healthz(_request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all; a restart would help if it does not."""
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when database, Valkey and migrations are fine, else 503; `{"status", "checks": {part: "ok"|"failed"}}`."""
    checks = _latest.look()
    ready = all(checks.values())
    body = {
        "status": "ok" if ready else "failed",
        "checks": {name: "ok" if passed else "failed" for name, passed in checks.items()},
    }
    return JsonResponse(body, status=200 if ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """The figures in Prometheus' text format; 403 for strangers."""
    if not _may_read_metrics(request):
        return HttpResponse("metrics are for a bearer of METRICS_TOKEN, or for METRICS_NETWORKS\n", status=403)
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


class Latest:
    """What the checks found of late."""

    def __init__(self) -> None:
        self._found: dict[str, bool] = {}
        self._until = 0.0
        self._lock = threading.Lock()

    def look(self) -> dict[str, bool]:
        """While the parts are being looked at, requests get what was found before: a look may take ten seconds."""
        if time.monotonic() >= self._until and self._lock.acquire(blocking=not self._found):
            try:
                self._found = {name: _passes(name, check) for name, check in CHECKS.items()}
                self._until = time.monotonic() + LOOK_AGAIN
            finally:
                self._lock.release()
        return self._found


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

_latest = Latest()


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
    """Whether the caller proves itself: by the token, or by its address and by a request like those of scrapers.

    A proxy on this machine comes from a loopback address with everybody's requests. Its headers have many names, so a
    request may hold those alone that programs send which read figures; any other may be a proxy's.
    """
    token = settings.METRICS_TOKEN
    offered = request.headers.get("Authorization", "")
    if token and secrets.compare_digest(offered.encode(), f"Bearer {token}".encode()):
        return True
    return SCRAPERS.issuperset(name.lower() for name in request.headers) and _is_in_networks(
        request.META.get("REMOTE_ADDR", "")
    )


def _is_in_networks(address: str) -> bool:
    try:
        peer = ip_address(address)
    except ValueError:  # a socket file, a test client
        return False
    return any(peer in network for network in settings.METRICS_NETWORKS)


def _registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    for collector in _shared:
        registry.register(collector)
    return registry
