"""Addresses that no view should see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext

from accounts.errors import Invalid, NotFound, Refusal
from accounts.problems import problem_page, problem_response

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@sync_and_async_middleware
def NulMiddleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:  # noqa: N802
    """Refuse NUL in an address: 404 in its path, 422 in its query. Forget session cookies that hold it.

    PostgreSQL cannot compare it, so every view that looks something up would fail, each in its own way.
    """
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponse:
            refusal = _nul_in(request)
            if refusal is not None:
                return _refuse(request, refusal)
            return await cast("Awaitable[HttpResponse]", get_response(request))

        return handle_async

    def handle(request: HttpRequest) -> HttpResponse:
        refusal = _nul_in(request)
        return get_response(request) if refusal is None else _refuse(request, refusal)

    return handle


def _nul_in(request: HttpRequest) -> Refusal | None:
    if "\0" in request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""):
        del request.COOKIES[settings.SESSION_COOKIE_NAME]
    if "\0" in request.path_info:
        return NotFound()
    query = request.META.get("QUERY_STRING", "")
    if "%00" in query or "\0" in query:
        return Invalid({}, gettext("The address holds a NUL character."))
    return None


def _refuse(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return problem_response(refusal) if "/api/" in request.path_info else problem_page(request, refusal)
