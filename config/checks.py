"""System checks: every mistake in the environment at once, each with an id and with what to write instead.

parley.E001  a variable has a value that cannot be read
parley.E002  SECRET_KEY is missing or short
parley.E003  ALLOWED_HOSTS is empty, lets many hosts in by a pattern, or lacks the host of BASE_URL
parley.E004  BASE_URL is not an https address
parley.E005  the demo accounts, whose password everybody knows, are on
parley.E006  DATABASE_URL or REDIS_URL is not set
parley.E007  DEBUG is on
parley.W001  HTTPS is off
parley.W002  there is no mail server, or addresses need not be confirmed

All but E001 are about production: they apply when PRODUCTION=1.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

SECRET_LENGTH = 50  # characters; what `get_random_secret_key` makes
GENERATE = "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"


@register("environment")
def check_environment(app_configs: Sequence[Any] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Values that settings.py could not read."""
    return [
        Error(f"{name}={value} cannot be read.", hint=f"Write {wanted}.", id="parley.E001")
        for name, value, wanted in settings.ENVIRONMENT_ERRORS
    ]


@register("environment")
def check_production(app_configs: Sequence[Any] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """What has to be set, and what must not be, when strangers can reach the server."""
    if not settings.PRODUCTION:
        return []
    problems = [_check_secret_key(), _check_hosts(), _check_base_url(), _check_demo(), _check_debug(), _check_https()]
    problems += [_check_mail()]
    return [problem for problem in (*problems, *_check_stores()) if problem is not None]


def _check_secret_key() -> CheckMessage | None:
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's word for an empty one
        key = ""
    if len(key) >= SECRET_LENGTH and len(set(key)) >= 5:
        return None
    return Error(
        "SECRET_KEY is missing, too short or not a secret.",
        hint=f"Write at least {SECRET_LENGTH} random characters: {GENERATE}",
        id="parley.E002",
    )


def _check_hosts() -> CheckMessage | None:
    patterns = [host for host in settings.ALLOWED_HOSTS if host.startswith((".", "*"))]
    if not settings.ALLOWED_HOSTS or patterns:
        return Error(
            "ALLOWED_HOSTS is empty or lets hosts in that it does not name.",
            hint="Write each name people use, separated by commas: ALLOWED_HOSTS=chat.example.com",
            id="parley.E003",
        )
    host = urlsplit(settings.BASE_URL).hostname
    if host and host not in {allowed.lower() for allowed in settings.ALLOWED_HOSTS}:
        return Error(
            f"ALLOWED_HOSTS lacks {host}, the host of BASE_URL.", hint="Add it to ALLOWED_HOSTS.", id="parley.E003"
        )
    return None


def _check_base_url() -> CheckMessage | None:
    url = urlsplit(settings.BASE_URL)
    if url.scheme == "https" and url.hostname and url.path in {"", "/"}:
        return None
    return Error(
        "BASE_URL is not the https address of this server.",
        hint="Write where people reach it; links in mail start with it: BASE_URL=https://chat.example.com",
        id="parley.E004",
    )


def _check_demo() -> CheckMessage | None:
    if not settings.DEMO:
        return None
    return Error("The demo accounts are on; their password is public.", hint="Write DEMO=0.", id="parley.E005")


def _check_debug() -> CheckMessage | None:
    if not settings.DEBUG:
        return None
    return Error("DEBUG shows the source and the settings to visitors.", hint="Write DEBUG=0.", id="parley.E007")


def _check_https() -> CheckMessage | None:
    if settings.HTTPS:
        return None
    return Warning(
        "HTTPS is off: cookies and messages travel in the clear.",
        hint="Put a proxy with a certificate in front and leave HTTPS unset.",
        id="parley.W001",
    )


def _check_mail() -> CheckMessage | None:
    if settings.MAIL_SERVER and settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory":
        return None
    return Warning(
        "Nobody can confirm an address by mail, or nobody has to: an account may carry somebody else's address.",
        hint="Write EMAIL_HOST, and leave EMAIL_VERIFICATION unset.",
        id="parley.W002",
    )


def _check_stores() -> list[CheckMessage]:
    wanted = {"DATABASE_URL": "postgresql://user:password@host:5432/parley", "REDIS_URL": "redis://host:6379/0"}
    return [
        Error(f"{name} is not set; a default would decide for you.", hint=f"Write {name}={url}", id="parley.E006")
        for name, url in wanted.items()
        if not os.environ.get(name, "").strip()
    ]
