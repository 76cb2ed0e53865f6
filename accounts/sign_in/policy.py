"""Who may sign in, and who may create an organization."""

from __future__ import annotations

from typing import Final, cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext_lazy

from accounts.models import Organization, User

WRONG_CREDENTIALS: Final = gettext_lazy("The email address or the password is wrong.")
DEMO_DOMAINS: Final = ("acme.example", "globex.example")


def may_sign_in(user: AbstractBaseUser) -> bool:
    """Return whether the account is active. Demo accounts are refused where they are off: their password is public."""
    return user.is_active and (settings.DEMO or not is_demo(cast(User, user).email))


def is_demo(email: str) -> bool:
    return email.lower().rpartition("@")[2] in DEMO_DOMAINS


def may_found() -> bool:
    """Return whether users can create organizations. The first of an installation can always be created."""
    return settings.SIGNUP == "open" or not Organization.objects.exists()


def must_confirm() -> bool:
    """Return whether an address must be confirmed before its account can sign in."""
    return bool(settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory")
