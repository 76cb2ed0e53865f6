"""Browsers that signed in to an account before: each has its own counter of wrong passwords."""

from __future__ import annotations

import secrets
from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

DEVICE_COOKIE: Final = "parley_device"
DEVICE_SECONDS: Final = 365 * 86_400
ACCOUNTS_PER_DEVICE: Final = 8  # of a family's computer; the oldest is forgotten


def known_device(request: HttpRequest, email: str) -> str:
    """The name of this browser if it signed in to the account of `email` before, else ""."""
    device, accounts = _device_of(request)
    return device if _account_mark(email) in accounts else ""


def remember_device(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Let this browser have a counter of its own for wrong passwords of this account."""
    device, accounts = _device_of(request)
    marks = [_account_mark(email), *(mark for mark in accounts if mark != _account_mark(email))]
    response.set_cookie(
        DEVICE_COOKIE,
        signing.dumps([device or secrets.token_hex(8), marks[:ACCOUNTS_PER_DEVICE]], salt=DEVICE_COOKIE),
        max_age=DEVICE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _device_of(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        device, accounts = signing.loads(
            request.COOKIES.get(DEVICE_COOKIE, ""), salt=DEVICE_COOKIE, max_age=DEVICE_SECONDS
        )
    except signing.BadSignature:
        return "", []
    return str(device), [str(mark) for mark in accounts]


def _account_mark(email: str) -> str:
    """Short and keyed: the cookie does not name the accounts of a shared computer."""
    return salted_hmac(DEVICE_COOKIE, email.strip().lower()).hexdigest()[:16]
