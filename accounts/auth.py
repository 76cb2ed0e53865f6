"""Proving who you are: passwords and second factors through allauth, tokens for apps and bots, rate limits."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar, Final, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import get_hasher, make_password
from django.core import signing
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext, gettext_lazy

from accounts.actions.email_addresses import accounts_of, is_proven, prove_address
from accounts.actions.sessions import end_sessions, keep_sessions, sign_out_everywhere
from accounts.audit import record
from accounts.clean_text import clean_line
from accounts.credentials import credential_of, hash_secret, session_credential, token_credential
from accounts.errors import Conflict, Invalid, NotAuthenticated, NotFound, Throttled, Unavailable
from accounts.mail import send_later
from accounts.mail_limits import may_mail
from accounts.models import ApiToken, Organization, User
from accounts.network import client_address
from accounts.signals import credential_ended
from accounts.user_agents import browser_name

__all__ = [
    "AccountAdapter",
    "AuthenticationBackend",
    "MFAAdapter",
    "SocialAccountAdapter",
    "authenticate",
    "consume_rate",
    "credential_of",
    "end_credential",
    "find_own_token",
    "find_token",
    "find_tokens",
    "is_demo",
    "issue_token",
    "live_tokens",
    "may_found",
    "may_sign_in",
    "must_confirm",
    "notify_owner",
    "revoke_token",
    "session_credential",
    "token_credential",
    "use_code",
]

TOKEN_PREFIX: Final = "parley_"  # noqa: S105  # lets secret scanners find a token that was published by mistake
TOKENS_PER_USER: Final = 200  # far above a person's devices and bots; a runaway script stops here
USED_EVERY: Final = timedelta(minutes=1)  # how old `last_used_at` may be: one write a minute, however busy the token
DEMO_DOMAINS: Final = ("acme.example", "globex.example")
NO_ADDRESS: Final = "0.0.0.0"  # noqa: S104  # stands for "came over a Unix socket", where addresses are required
BEGUN_WITH: Final = "sign_in_begun_with"  # in the session: which password a sign-in of several steps began with
CONFIRMATION_FAILED: Final = "email_confirmation_failed"
CODE_SECONDS: Final = 30  # how long an authenticator app shows a code
DEVICE_COOKIE: Final = "parley_device"
DEVICE_SECONDS: Final = 365 * 86_400
ACCOUNTS_PER_DEVICE: Final = 8  # of a family's computer; the oldest is forgotten
# Mails that strangers can have sent to any address.
ASKED_FOR: Final = frozenset(
    f"account/email/{name}"
    for name in ("account_already_exists", "email_confirmation", "email_confirmation_signup", "password_reset_key")
)
WRONG_CREDENTIALS: Final = gettext_lazy("The e-mail address or the password is wrong.")


# --- Tokens -------------------------------------------------------------------------------------------


@transaction.atomic
def issue_token(user: User, *, label: str) -> tuple[ApiToken, str]:
    """A new token of `user` and its secret, which is not kept and so is shown this once.

    Raises Invalid for an empty or over-long label, Conflict when the user holds TOKENS_PER_USER already,
    NotAuthenticated when the user may not sign in.
    """
    label = clean_line(label)
    if not 0 < len(label) <= 80:
        raise Invalid({"label": [gettext("Say in 1 to 80 characters what the token is for.")]})
    if not may_sign_in(user):
        raise NotAuthenticated(WRONG_CREDENTIALS)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # so that two at once are counted one after the other
    if live_tokens(user).count() >= TOKENS_PER_USER:
        raise Conflict(
            gettext("You have %(tokens_per_user)s tokens. Revoke some that you do not use.")
            % {"tokens_per_user": TOKENS_PER_USER}
        )
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(days=settings.API_TOKEN_DAYS)
    token = ApiToken.objects.create(user=user, label=label, secret_hash=hash_secret(secret), expires_at=expires_at)
    record("token.issued", actor=user, target=token, after={"label": label})
    return token, secret


def find_token(secret: str) -> ApiToken | None:
    """The live token with this secret, with its user; None when there is none, or it has expired.

    Looked up by hash, so that the time the index takes says nothing about the secrets it holds. Costs a write at most
    once a minute.
    """
    return find_tokens([secret]).get(secret)


def find_tokens(presented: Collection[str]) -> dict[str, ApiToken]:
    """`find_token` for all who come at once, by their secrets; those that are none are left out."""
    hashes = {hash_secret(secret): secret for secret in presented if secret.startswith(TOKEN_PREFIX)}
    if not hashes:
        return {}
    tokens = ApiToken.objects.select_related("user")
    found = list(tokens.filter(secret_hash__in=hashes, expires_at__gt=timezone.now()))
    _note_use(found)
    return {hashes[token.secret_hash]: token for token in found}


@transaction.atomic
def revoke_token(token: ApiToken) -> None:
    """End a token and the sockets that were opened with it. Revoking one that is gone does nothing."""
    if ApiToken.objects.filter(pk=token.pk).delete()[0]:
        record("token.revoked", actor=token.user, target=token, before={"label": token.label})
        credential_ended.send(sender=ApiToken, credentials=[token_credential(token)])


@transaction.atomic
def end_credential(user: User, credential: str) -> None:
    """End the session or the token of `user` that goes by this name. One that is gone, or another's, stays as it is."""
    for token in live_tokens(user):
        if token_credential(token) == credential:
            revoke_token(token)
    keys = UserSession.objects.filter(user=user).values_list("session_key", flat=True)
    for ended in [key for key in keys if session_credential(key) == credential]:
        end_sessions(user, session_keys=[ended])
        record("session.ended", actor=user, target=user)


def find_own_token(user: User, token_id: Any) -> ApiToken:
    """Raises NotFound, also for the token of somebody else."""
    token = live_tokens(user).filter(pk=token_id).first()
    if token is None:
        raise NotFound
    return token


def live_tokens(user: User) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=user, expires_at__gt=timezone.now()).select_related("user")


def _note_use(tokens: Iterable[ApiToken]) -> None:
    before = timezone.now() - USED_EVERY
    due = [token.pk for token in tokens if token.last_used_at is None or token.last_used_at <= before]
    if due:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=before)  # another request may have been first
        ApiToken.objects.filter(stale, pk__in=due).update(last_used_at=timezone.now())


# --- Signing in without a page --------------------------------------------------------------------------


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
        raise NotAuthenticated(gettext("Confirm your e-mail address first, by the link that was sent to it."))
    _check_second_factor(request, user, otp)
    record("user.signed_in", actor=user, target=user, after={"by": "token"})
    return user


def may_sign_in(user: AbstractBaseUser) -> bool:
    """Not deactivated, and no demo account where those are off: their password is in the documentation."""
    return user.is_active and (settings.DEMO or not is_demo(cast(User, user).email))


def is_demo(email: str) -> bool:
    return email.lower().rpartition("@")[2] in DEMO_DOMAINS


def may_found() -> bool:
    """Whether people found organizations themselves; the first one on an installation always is."""
    return settings.SIGNUP == "open" or not Organization.objects.exists()


def use_code(user: AbstractBaseUser, code: str) -> bool:
    """Use a code of an authenticator app up; whether it was unused.

    allauth remembers a used code for one step of 30 seconds, and takes it for as long as a phone's clock may be off.
    """
    mark = hash_secret(f"{user.pk}:{''.join(code.split())}")
    steps = 2 * settings.MFA_TOTP_TOLERANCE + 2
    return bool(cache.add(f"otp:{mark}", "used", timeout=steps * CODE_SECONDS))


def must_confirm() -> bool:
    """Whether nobody signs in before they confirmed their address."""
    return bool(settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory")


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
    from accounts.forms import CodeForm  # which is made of this module

    form = CodeForm(user=user, data={"code": otp})
    if form.is_valid():
        form.authenticator.record_usage()
        return
    if form.has_error("code", "too_many_login_attempts"):
        raise _throttled(request, action="login_failed", key=f"mfa-auth-user-{user.pk}")
    raise Invalid({"otp": ["otp_incorrect"]}, gettext("The code is wrong, or was used already."))


def _throttled(request: HttpRequest, *, action: str, key: str | None = None) -> Throttled:
    """With the time until the fullest of the limits of `action` has room again; allauth itself does not tell."""
    now, wait = time.time(), 0.0
    for rate in ratelimit.get_rates(app="allauth.account", action=action):
        hits = cache.get(ratelimit.get_cache_key(request, app="allauth.account", action=action, rate=rate, key=key), [])
        if len(hits) >= rate.amount:
            wait = max(wait, hits[rate.amount - 1] + rate.duration - now)
    return Throttled(int(wait) + 1, gettext("Too many attempts to sign in. Wait a little."))


# --- allauth ----------------------------------------------------------------------------------------------


class AuthenticationBackend(AllauthBackend):  # type: ignore[misc]  # allauth is untyped
    """Asked at sign-in and again for every request of a session."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Also makes a hash with outdated parameters anew, now that the password is known."""
        user: User | None = super().authenticate(request, **credentials)
        password = credentials.get("password")
        if user is not None and password and get_hasher().must_update(user.password):
            with suppress(Unavailable):  # too many sign in just now; the next time will do
                _renew_hash(user, password)
        return user

    def _authenticate_by_email(self, email: str, password: str) -> AbstractBaseUser | None:
        """By an address that waits for its confirmation nobody signs in: it may be somebody else's."""
        users = (self._check_password(user, password) for user in accounts_of(email))
        return next((user for user in users if user is not None), None)

    def user_can_authenticate(self, user: AbstractBaseUser | None) -> bool:
        return user is not None and may_sign_in(user)


@transaction.atomic
def _renew_hash(user: User, password: str) -> None:
    user.password = make_password(password)
    user.save(update_fields=["password"])
    keep_sessions(user)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """How allauth's pages behave here: who may in, whose address a request has, and what a new password ends."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "duplicate_email": gettext_lazy("That address is on your account already."),
        "email_password_mismatch": gettext_lazy("The email address or the password is wrong."),
        "email_taken": gettext_lazy("Somebody has an account with this address."),
        "enter_current_password": gettext_lazy("This is not your current password."),
        "incorrect_code": gettext_lazy("That was not accepted: it is wrong, or was used already."),
        "incorrect_password": gettext_lazy("This password is wrong."),
        "invalid_password_reset": gettext_lazy("This link was used already, or it is too old."),
        "max_email_addresses": gettext_lazy("You have %d addresses, and cannot add more."),
        "rate_limited": gettext_lazy("Too many attempts. Wait a minute, then try again."),
        "too_many_login_attempts": gettext_lazy("Too many wrong attempts. Wait a few minutes, then try again."),
        "unverified_primary_email": gettext_lazy("Confirm this address first, by the link that was sent to it."),
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or NO_ADDRESS

    def attempts_key(self, request: HttpRequest, email: str) -> str:
        """What attempts at one account are counted under."""
        return self._get_login_attempts_cache_key(request, email=email)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One counter an account; a browser that signed in to it before has one of its own.

        So whoever mistypes a password on purpose locks out strangers, not the person at their own device. The Host
        header is no part of it, as it is in allauth's: whoever varies it would get new attempts.
        """
        email = str(credentials.get("email", credentials.get("username", ""))).strip().lower()
        device = known_device(request, email)
        return f"{email}:{device}" if device else email

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Of the page that founds an organization; an invitation's page is open to whoever holds one."""
        return may_found()

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse | None:
        if not may_sign_in(user):
            clear_login(request)
            return cast(HttpResponse, self.respond_user_inactive(request, user))
        request.session[BEGUN_WITH] = cast(User, user).get_session_auth_hash()
        return cast("HttpResponse | None", super().pre_login(request, user, **kwargs))

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        record("user.signed_in", actor=cast(User, user), target=user, after={"by": "page"})
        response = cast(HttpResponse, super().post_login(request, user, **kwargs))
        remember_device(request, response, cast(User, user).email)
        return response

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """A sign-in that waited for its second step ends when the password was changed meanwhile."""
        begun = request.session.pop(BEGUN_WITH, None)
        if begun is not None and not secrets.compare_digest(begun, cast(User, user).get_session_auth_hash()):
            clear_login(request)
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
        super().login(request, user)

    def logout(self, request: HttpRequest) -> None:
        """The sockets of this browser end with its session."""
        if request.session.session_key and request.user.is_authenticated:
            end_sessions(request.user, session_keys=[request.session.session_key])
        super().logout(request)

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, **kwargs: Any) -> User:
        user.name = form.cleaned_data.get("name", "")
        return cast(User, super().save_user(request, user, form, **kwargs))

    @transaction.atomic
    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """A new password ends every session and every token: whoever knew the old one may have made some."""
        user.set_password(password)
        user.save(update_fields=["password"])
        record("user.password_changed", actor=cast(User, user), target=user)
        sign_out_everywhere(cast(User, user))

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Somebody opened the link that was mailed to this address, in a browser that may act for the account."""
        user = email_address.user
        key = request.session.session_key or "" if request.user == user else ""
        confirmed = prove_address(user, email_address.email, session_key=key)
        level, template = (messages.SUCCESS, "email_confirmed") if confirmed else (messages.ERROR, CONFIRMATION_FAILED)
        self.add_message(request, level, f"account/messages/{template}.txt", {"email": email_address.email})
        if confirmed:
            email_address.refresh_from_db()
            email_confirmed.send(sender=EmailAddress, request=request, email_address=email_address)
        return confirmed

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """To the sign-in page, and from there to the chat: the page of passwords would ask for a new one again."""
        return reverse("account_login")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """By the worker and after commit: a mail server that is slow or down must not be what a person waits for.

        What anybody can have sent to an address is bounded; what tells an owner of a change is not.
        """
        if template_prefix in ASKED_FOR and not may_mail(email):
            return
        context = {"request": self.request, "email": email, **context}
        message: EmailMessage = self.render_mail(template_prefix, email, context)
        send_later(to=email, subject=str(message.subject), text=str(message.body))

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """To a confirmed address only: another one may be a stranger's."""
        notify_owner(self.request, cast(User, user), template_prefix, context=context or {}, email=email or "")

    def format_email_subject(self, subject: str) -> str:
        return subject


def notify_owner(
    request: HttpRequest, user: User, template: str, *, context: dict[str, Any] | None = None, email: str = ""
) -> None:
    """Mail the owner of an account what was changed in it, from where and with which browser.

    The mail goes to `email`, else to the main address; to nobody when that is not confirmed.
    """
    confirmed = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "pk")
    addresses = list(confirmed.values_list("email", flat=True))
    # An address that was just removed or replaced was the account's until a moment ago: its owner must learn of it.
    to = email or next(iter(addresses), "")
    if not addresses or not to:
        return
    about = {"at": timezone.now(), "address": client_address(request), "browser": browser_name(_user_agent(request))}
    AccountAdapter(request).send_mail(template, to, {"user": user, **about, **(context or {})})


def _user_agent(request: HttpRequest) -> str:
    return "".join(char for char in request.headers.get("User-Agent", "") if char.isprintable())


# --- Devices --------------------------------------------------------------------------------------------------


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


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Whose an account is when another service says who somebody is."""

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """By an address that waits for its confirmation nobody signs in, as with a password."""
        for email in _vouched_for(sociallogin):
            if self.can_authenticate_by_email(sociallogin, email):
                for user in accounts_of(email):
                    return user, email
        return None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """A service that vouches for an address proves it: an account that nobody proved becomes its owner's alone."""
        if request.user.is_authenticated:  # connects a service to their account
            return
        for email in _vouched_for(sociallogin):
            for user in accounts_of(email):
                if not is_proven(user) and prove_address(user, email, forget_password=True):
                    sociallogin.account.pk = None  # one that was connected before went with everything else
                    sociallogin.connect(request, user)
                    return


def _vouched_for(sociallogin: SocialLogin) -> list[str]:
    return [address.email.lower() for address in sociallogin.email_addresses if address.verified]


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Names the account in authenticator apps."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "add_email_blocked": gettext_lazy("With a second factor on, no address can be added. Turn it off first."),
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
        "unverified_email": gettext_lazy(
            "Confirm your email addresses first, or remove those that you cannot confirm."
        ),
    }

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return cast(User, user).email
