"""Codes of authenticator apps: each is accepted once."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.cache import cache

from accounts.credentials import hash_secret

CODE_SECONDS: Final = 30  # how long an authenticator app shows a code


def use_code(user: AbstractBaseUser, code: str) -> bool:
    """Mark a code of an authenticator app as used. Returns whether it was unused.

    allauth remembers a used code for one step of 30 seconds, but accepts it for longer, because phone clocks differ.
    """
    mark = hash_secret(f"{user.pk}:{''.join(code.split())}")
    steps = 2 * settings.MFA_TOTP_TOLERANCE + 2
    return bool(cache.add(f"otp:{mark}", "used", timeout=steps * CODE_SECONDS))
