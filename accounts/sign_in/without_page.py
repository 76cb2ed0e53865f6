"""Sign-in without a page, for apps and bots; with the rate limits of the sign-in page."""

from __future__ import annotations

import time

from allauth.core.internal import ratelimit
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext

from accounts.actions.email_addresses import is_proven
from accounts.audit import record
from accounts.errors import Invalid, NotAuthenticated, Throttled
from accounts.forms.second_factors import CodeForm
from accounts.models import User
from accounts.sign_in.adapters import AccountAdapter
from accounts.sign_in.policy import WRONG_CREDENTIALS, may_sign_in, must_confirm


def authenticate(request: HttpRequest, *, email: str, password: str, otp: str = "") -> User:
    """The user with this address and password, and with a code of their second factor where they have one.

    Raises NotAuthenticated for anything wrong with address, password or account, without saying which;
    Invalid with `{"otp": ["otp_required"]}` when a code is needed and `{"otp": ["otp_incorrect"]}` for a wrong one;
    Throttled beyond the limits of ACCOUNT_RATE_LIMITS, which the sign-in page counts with.
    """
    adapter = AccountAdapter(request)
    consume_rate(request, action="login")
    if not (_is_text(email) and _is_text(password)):
        raise NotAuthenticated(WRONG_CREDENTIALS)
    try:
        user = adapter.authenticate(request, email=email.strip().lower(), password=password)
    except ValidationError as error:
        key = adapter.attempts_key(request, email)
        raise _throttled(request, action="login_failed", key=key) from error
    if not isinstance(user, User) or not may_sign_in(user):
        raise NotAuthenticated(WRONG_CREDENTIALS)
    if must_confirm() and not is_proven(user):
        raise NotAuthenticated(gettext("Confirm your email address first. Open the link that was sent to it."))
    _check_second_factor(request, user, otp)
    record("user.signed_in", actor=user, target=user, after={"by": "token"})
    return user


def consume_rate(request: HttpRequest, *, action: str) -> None:
    """Count against a limit of ACCOUNT_RATE_LIMITS. Raises Throttled."""
    if ratelimit.consume(request, app="allauth.account", action=action) is None:
        raise _throttled(request, action=action)


def _is_text(text: str) -> bool:
    """Whether the database and the hasher can take it: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _check_second_factor(request: HttpRequest, user: User, otp: str) -> None:
    if not is_mfa_enabled(user, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]):
        return
    if not otp:
        raise Invalid({"otp": ["otp_required"]}, gettext("A code of your second factor is needed."))
    form = CodeForm(user=user, data={"code": otp})
    if form.is_valid():
        form.authenticator.record_usage()
        return
    if form.has_error("code", "too_many_login_attempts"):
        raise _throttled(request, action="login_failed", key=f"mfa-auth-user-{user.pk}")
    raise Invalid({"otp": ["otp_incorrect"]}, gettext("The code is wrong, or it was already used."))


def _throttled(request: HttpRequest, *, action: str, key: str | None = None) -> Throttled:
    """Return the refusal with the seconds until every limit of `action` has room again. allauth does not give them."""
    now, wait = time.time(), 0.0
    for rate in ratelimit.get_rates(app="allauth.account", action=action):
        hits = cache.get(ratelimit.get_cache_key(request, app="allauth.account", action=action, rate=rate, key=key), [])
        if len(hits) >= rate.amount:
            wait = max(wait, hits[rate.amount - 1] + rate.duration - now)
    return Throttled(int(wait) + 1, gettext("Too many attempts to sign in. Wait a moment, then try again."))
