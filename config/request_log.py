"""django-structlog's middleware with our judgement of two things: whose address a request has, and what is a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django_structlog.middlewares import RequestMiddleware

from accounts.network import client_address
from config.redaction import hide_secrets

if TYPE_CHECKING:
    from django.http import HttpRequest


class RequestLogMiddleware(RequestMiddleware):
    """One line a request. `ip` is the address that the audit log and the rate limits see, too."""

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        structlog.contextvars.bind_contextvars(ip=client_address(request))

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return hide_secrets(f"{request.method} {request.get_full_path()}")
