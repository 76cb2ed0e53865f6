"""How allauth behaves here: its hooks for accounts, social sign-in and second factors."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar, Final, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMessage
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.actions.email_addresses import accounts_of, is_proven, prove_address
from accounts.actions.sessions import end_sessions, sign_out_everywhere
from accounts.audit import record
from accounts.mail import send_later
from accounts.mail_limits import may_mail
from accounts.models import User
from accounts.network import client_address
from accounts.sign_in.devices import known_device, remember_device
from accounts.sign_in.owner_mail import notify_owner
from accounts.sign_in.policy import may_found, may_sign_in

NO_ADDRESS: Final = "0.0.0.0"  # noqa: S104  # stands for "came over a Unix socket", where addresses are required
BEGUN_WITH: Final = "sign_in_begun_with"  # in the session: which password a sign-in of several steps began with
CONFIRMATION_FAILED: Final = "email_confirmation_failed"
# Mails that strangers can have sent to any address.
ASKED_FOR: Final = frozenset(
    f"account/email/{name}"
    for name in ("account_already_exists", "email_confirmation", "email_confirmation_signup", "password_reset_key")
)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """How allauth's pages behave here: who may in, whose address a request has, and what a new password ends."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "duplicate_email": gettext_lazy("Your account already has this address."),
        "email_password_mismatch": gettext_lazy("The email address or the password is wrong."),
        "email_taken": gettext_lazy("An account with this address already exists."),
        "enter_current_password": gettext_lazy("This is not your current password."),
        "incorrect_code": gettext_lazy("The code was not accepted. It is wrong, or it was already used."),
        "incorrect_password": gettext_lazy("This password is wrong."),
        "invalid_password_reset": gettext_lazy("This link was already used or it has expired."),
        "max_email_addresses": gettext_lazy("You have %d addresses, which is the maximum."),
        "rate_limited": gettext_lazy("Too many attempts. Wait a minute, then try again."),
        "too_many_login_attempts": gettext_lazy("Too many wrong attempts. Wait a few minutes, then try again."),
        "unverified_primary_email": gettext_lazy("Confirm this address first. Open the link that was sent to it."),
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or NO_ADDRESS

    def attempts_key(self, request: HttpRequest, email: str) -> str:
        """What attempts at one account are counted under."""
        return self._get_login_attempts_cache_key(request, email=email)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One counter an account; a browser that signed in to it before has one of its own.

        Wrong passwords typed by an attacker therefore do not lock out the owner on their own device. The Host header is
        not part of the key, unlike in allauth: varying it would give new attempts.
        """
        email = str(credentials.get("email", credentials.get("username", ""))).strip().lower()
        device = known_device(request, email)
        return f"{email}:{device}" if device else email

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether the sign-up page is open, which creates an organization. The page of an invitation always is."""
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
        """Set the password and end every session and token: somebody who knew the old one may have created some."""
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

        Mail that strangers can request for an address is limited. Mail about a change to its owner is not.
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
        "add_email_blocked": gettext_lazy("You cannot add an address while a second factor is on. Turn it off first."),
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
        "unverified_email": gettext_lazy(
            "Confirm your email addresses first, or remove those that you cannot confirm."
        ),
    }

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return cast(User, user).email
