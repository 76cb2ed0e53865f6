"""The security headers that Django and django-csp do not set, and who may keep a copy of an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.utils.decorators import sync_and_async_middleware

from config.redaction import has_secret

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# Nothing of the machine that a chat page needs is left on; what a later feature needs is opened here, with its reason.
PERMISSIONS = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "geolocation"),
    *("gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking"),
)
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in PERMISSIONS),
    "X-Permitted-Cross-Domain-Policies": "none",
}
NO_COPY = "no-store, private"
# What is the same for everybody, so that caches may keep it as its own headers say. All else is for one person.
PUBLIC_PATHS = (settings.STATIC_URL, "/strings.js", "/api/v1/schema", "/api/v1/docs")
# The page's own requests carry its address as Referer, which ends up in logs of proxies. This policy leaves the host,
# which Django's CSRF check needs of older browsers.
REFERRER_WITHOUT_PATH = "strict-origin"


@sync_and_async_middleware
def SecurityHeadersMiddleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:  # noqa: N802
    """Set the headers above on every answer that does not set its own. No cache keeps an answer for one person."""
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponse:
            return _with_headers(request, await cast("Awaitable[HttpResponse]", get_response(request)))

        return handle_async

    def handle(request: HttpRequest) -> HttpResponse:
        return _with_headers(request, get_response(request))

    return handle


def _with_headers(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if not is_public(request.path):
        response.headers["Cache-Control"] = _for_one_person(response.headers.get("Cache-Control", ""))
    if has_secret(request.get_full_path()):
        response.headers["Referrer-Policy"] = REFERRER_WITHOUT_PATH
    return response


def is_public(path: str) -> bool:
    return path.startswith(PUBLIC_PATHS[0]) or any(
        path == public or path.startswith(f"{public}/") for public in PUBLIC_PATHS[1:]
    )


def _for_one_person(control: str) -> str:
    """A view may say `no-cache`, so that a browser asks again with an ETag; it cannot say `public`."""
    directives = {part.strip().lower() for part in control.split(",") if part.strip()}
    if not directives or directives & {"no-store", "public"} or not directives & {"no-cache"}:
        return NO_COPY
    return ", ".join(sorted(directives | {"private"}))
