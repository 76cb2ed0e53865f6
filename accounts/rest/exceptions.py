"""One place that turns what went wrong into RFC 9457 problem details."""

from __future__ import annotations

import math
import sys
from typing import Any

import psycopg
import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext, gettext_lazy
from django.views.defaults import page_not_found, server_error
from redis.exceptions import ConnectionError as ValkeyAway
from redis.exceptions import TimeoutError as ValkeySilent
from rest_framework import exceptions
from rest_framework.response import Response

from accounts.errors import Forbidden, Invalid, NotAuthenticated, NotFound, Refusal, Throttled, TooLarge
from accounts.problems import CONTENT_TYPE, MethodNotAllowed, problem_details, problem_headers, problem_response

log = structlog.get_logger(__name__)


class Broken(Refusal):
    code, status, title = "internal", 500, gettext_lazy("Something went wrong on the server.")


class Unavailable(Refusal):
    code, status, title = (
        "unavailable",
        503,
        gettext_lazy("A service that this needs does not respond. Try again in a moment."),
    )


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's hook: every exception of a view ends here; None lets a defect surface as a 500."""
    refusal = as_refusal(error)
    if refusal is None:
        return None
    return Response(
        problem_details(refusal),
        status=refusal.status,
        content_type=CONTENT_TYPE,
        headers=problem_headers(refusal),
    )


def as_refusal(error: BaseException) -> Refusal | None:  # noqa: C901, PLR0911  # a table, one line a case
    match error:
        case Refusal():
            return error
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return NotAuthenticated()
        case PermissionDenied() | exceptions.PermissionDenied():
            return Forbidden(str(error))
        case Http404():
            return NotFound()
        case exceptions.Throttled():
            return Throttled(math.ceil(getattr(error, "wait", None) or 1))
        case exceptions.MethodNotAllowed():
            return MethodNotAllowed()
        case RequestDataTooBig():
            return TooLarge()
        case exceptions.APIException():
            return Invalid({}, str(error.detail))
        case DataError():  # a character or a number that the database cannot hold; the fields that know better say so
            return Invalid({}, gettext("The input contains something that cannot be stored."))
        case OperationalError() | InterfaceError() | ValkeyAway() | ValkeySilent():
            log.error("store_unavailable", exc_info=error)
            return Unavailable()
    return Unavailable() if _lost_the_database(error) else None


def _lost_the_database(error: BaseException | None) -> bool:
    """Whether a connection that broke led to this: inside a transaction it surfaces as other errors, too."""
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError | psycopg.OperationalError | psycopg.InterfaceError):
            return True
        error = error.__cause__ or error.__context__
    return False


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: an address that nobody answers."""
    if "/api/" in request.path:
        return problem_response(NotFound())
    return page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """handler500, called while the exception is handled: a defect of ours, or a database that is away for a moment."""
    refusal = as_refusal(sys.exception() or Broken()) or Broken()
    if "/api/" in request.path:
        return problem_response(refusal)
    page = server_error(request, "503.html" if refusal.status == Unavailable.status else "500.html")
    page.status_code = refusal.status
    return page
