"""The authentication backend: checks passwords, and the user of every session.

Sessions hold the path of this class. Renaming the module or the class would sign everybody out.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import get_hasher, make_password
from django.db import transaction
from django.http import HttpRequest

from accounts.actions.email_addresses import accounts_of
from accounts.actions.sessions import keep_sessions
from accounts.errors import Unavailable
from accounts.models import User
from accounts.sign_in.policy import may_sign_in


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
