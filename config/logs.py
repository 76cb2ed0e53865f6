"""Structured logs: one line an event, JSON in production, coloured on a terminal, a request id on every line.

The id comes from the proxy in front (`X-Request-ID`) when it has a harmless shape, is made here otherwise, and goes
back in the answer, so that a person can quote it.

Clients of the chat also send `Parley-Request`, a text of their own that is new for each request, and get it back in
the same header. The header proves that an answer comes from this server and belongs to the request: captive portals
and caches do not return it. `X-Request-ID` is no such proof, because proxies replace it.
"""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

import structlog
from asgiref.sync import iscoroutinefunction
from django.utils.decorators import sync_and_async_middleware

from config.redaction import hide_secrets

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from structlog.typing import EventDict, Processor, WrappedLogger

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")  # what a stranger sends ends up in our log lines
ECHOED = "Parley-Request"


@sync_and_async_middleware
def RequestIdMiddleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:  # noqa: N802
    """Give every request an id, in `request.META` for django-structlog and in the answer for people. Return
    `Parley-Request` as it came."""
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponse:
            request_id = _identify(request)
            return _answer(request, await cast("Awaitable[HttpResponse]", get_response(request)), request_id)

        return handle_async

    def handle(request: HttpRequest) -> HttpResponse:
        request_id = _identify(request)
        return _answer(request, get_response(request), request_id)

    return handle


def configuration(*, format: str, level: str) -> dict[str, Any]:
    """The LOGGING setting. `format` is "json" or "console", `level` the least that is written."""
    # Never with local variables, which both renderers would show: passwords and messages are among them.
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    renderer: list[Processor] = (
        [
            structlog.processors.ExceptionRenderer(tracebacks),
            without_secrets(structlog.processors.JSONRenderer()),
        ]
        if format == "json"
        else [
            without_secrets(
                structlog.dev.ConsoleRenderer(
                    colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
                )
            )
        ]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
                "foreign_pre_chain": _shared_processors(),
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django and uvicorn's command set handlers of their own. They go, so that every line passes ours, which
            # hides secrets. Django's would also mail errors, with the whole request, to ADMINS.
            "django": {"handlers": [], "level": "NOTSET", "propagate": True},
            "uvicorn": {"handlers": [], "level": "INFO", "propagate": True},
            "uvicorn.error": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"level": "CRITICAL"},  # django-structlog says it better: with the request's id
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
            "celery.beat": {"level": "WARNING"},
            # Up to ten tasks a second wake followers: only failures of tasks are logged.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "django_structlog.celery": {"level": "WARNING"},
            "asyncio": {"level": "WARNING"},
            # While Valkey is away it would log a traceback a second; the node says so itself, once a beat.
            "channels_redis": {"level": "CRITICAL"},
        },
    }


def configure_structlog() -> None:
    """Send structlog's own loggers through the standard library's handlers."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def without_secrets(renderer: Processor) -> Processor:
    """Let `renderer` make the line, then blank the secrets in it: whichever field, message or traceback holds them."""

    def render(logger: WrappedLogger, method: str, event: EventDict) -> str:
        return hide_secrets(str(renderer(logger, method, event)))

    return render


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.UnicodeDecoder(),
    ]


def _identify(request: HttpRequest) -> str:
    offered = request.META.get("HTTP_X_REQUEST_ID", "")
    request_id = offered if REQUEST_ID.fullmatch(offered) else str(uuid.uuid4())
    request.META["HTTP_X_REQUEST_ID"] = request_id
    return request_id


def _answer(request: HttpRequest, response: HttpResponse, request_id: str) -> HttpResponse:
    response["X-Request-ID"] = request_id
    echoed = request.META.get("HTTP_PARLEY_REQUEST", "")
    if REQUEST_ID.fullmatch(echoed):
        response[ECHOED] = echoed
    return response
