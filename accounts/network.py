"""The address that a request came from, and the address of this installation.

No other module reads the peer of a connection, the Host header and the forwarded headers
(tests/architecture/test_network.py). Every client can write these headers, so the settings say which are believed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, Final, cast
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware
from django.utils.encoding import iri_to_uri

DEVELOPMENT_URL: Final = "http://localhost:8000"  # where `make up` serves by default
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def client_address(request: HttpRequest) -> str | None:
    """Return the address of the client, None when there is none (a Unix socket)."""
    return _believed(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))


def scope_address(scope: Mapping[str, Any]) -> str | None:
    """Return what `client_address` returns, for an ASGI scope. It reads `client` and `headers`."""
    client = scope.get("client")
    headers = scope["headers"] if settings.TRUSTED_PROXIES else ()
    forwarded = ",".join(value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for")
    return _believed(client[0] if client else "", forwarded)


def peer_address(client: tuple[str, int] | None) -> str | None:
    """Return the address under which a connection is counted before its first request: that of its peer.

    Return None behind trusted proxies: there the peer is the proxy, which bounds heads and connections itself.
    """
    return client[0] if client and not settings.TRUSTED_PROXIES else None


def network_of(address: str) -> str:
    """Return the network that limits count under: the /64 of an IPv6 address, else the address itself.

    One person has all addresses of a /64.
    """
    if ":" not in address:
        return address
    return str(ip_network((address.partition("%")[0], 64), strict=False).network_address)


def _believed(peer: str, forwarded: str) -> str | None:
    """X-Forwarded-For can be written by anybody, so only as many of its last entries are believed as there are
    proxies of ours that each added one (TRUSTED_PROXIES). Other forwarded headers are never believed.
    """
    proxies = settings.TRUSTED_PROXIES
    hops = [hop for hop in forwarded.split(",") if hop]
    address = hops[-proxies] if 0 < proxies <= len(hops) else peer
    try:
        found = ip_address(_without_port(address.strip()))
    except ValueError:
        return None
    return str(getattr(found, "ipv4_mapped", None) or found)


def base_url(request: HttpRequest | None = None) -> str:
    """Return scheme and host that every absolute link starts with, without a slash at the end: BASE_URL.

    Where BASE_URL is not set, which only development allows, the Host of the request counts if it means this machine
    or is named in ALLOWED_HOSTS; a wildcard names nobody.
    """
    if settings.BASE_URL:
        return str(settings.BASE_URL).rstrip("/")
    host = request.get_host() if request is not None else ""
    name = (urlsplit(f"//{host}").hostname or "") if host else ""
    named = {allowed for allowed in settings.ALLOWED_HOSTS if not allowed.startswith((".", "*"))}
    if request is not None and name in LOOPBACK_NAMES | named:
        return f"{request.scheme}://{host}"
    return DEVELOPMENT_URL


def absolute_url(path: str, request: HttpRequest | None = None) -> str:
    """Return the address of one of our pages, for a mail or for a person to pass on. `path` starts with a slash."""
    return base_url(request) + path


@sync_and_async_middleware
def BaseUrlMiddleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:  # noqa: N802
    """Make `request.build_absolute_uri` start with BASE_URL, for all callers: our code, allauth, REST framework.

    With the Host header, a stranger who asks for somebody's password reset could choose where its link leads.
    """
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponse:
            _settle(request)
            return await cast("Awaitable[HttpResponse]", get_response(request))

        return handle_async

    def handle(request: HttpRequest) -> HttpResponse:
        _settle(request)
        return cast(HttpResponse, get_response(request))

    return handle


def _settle(request: HttpRequest) -> None:
    def build_absolute_uri(location: str | None = None) -> str:
        target = request.get_full_path() if location is None else str(location)
        if urlsplit(target).scheme and urlsplit(target).netloc:
            return iri_to_uri(target)
        if not target.startswith("/"):
            target = request.path.rpartition("/")[0] + "/" + target
        return iri_to_uri(absolute_url("/" + target.lstrip("/"), request))

    request.build_absolute_uri = build_absolute_uri  # type: ignore[method-assign]


def _without_port(hop: str) -> str:
    """Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
