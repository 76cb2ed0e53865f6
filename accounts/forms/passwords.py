"""Setting, changing and resetting a password."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account import forms as account
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.actions.email_addresses import accounts_of, is_proven, prove_address
from accounts.forms.base import PASSWORD_HELP, InOurWords
from accounts.sign_in.policy import may_sign_in


class ChangePasswordForm(InOurWords, account.ChangePasswordForm):  # type: ignore[misc]
    labels: ClassVar[dict[str, Any]] = {
        "oldpassword": _("Current password"),
        "password1": _("New password"),
        "password2": _("Repeat the new password"),
    }
    helps: ClassVar[dict[str, Any]] = {"password1": PASSWORD_HELP}


class SetPasswordForm(InOurWords, account.SetPasswordForm):  # type: ignore[misc]
    labels: ClassVar[dict[str, Any]] = {"password2": _("Repeat the password")}
    helps: ClassVar[dict[str, Any]] = {"password1": PASSWORD_HELP}


class ForgottenPasswordForm(InOurWords, account.ResetPasswordForm):  # type: ignore[misc]
    def clean_email(self) -> str:
        """A reset goes to an address that is the account's, never to one that waits for its confirmation."""
        email = str(self.cleaned_data["email"]).lower()
        self.users = [user for user in accounts_of(email) if may_sign_in(user)]
        return email


class NewPasswordForm(InOurWords, account.ResetPasswordKeyForm):  # type: ignore[misc]
    """Who got here read a mail to the account; of an unproven account they are the only owner from now on."""

    def save(self) -> None:
        with transaction.atomic():
            super().save()
            if not is_proven(self.user):
                prove_address(self.user, self.user.email)

    labels: ClassVar[dict[str, Any]] = {"password1": _("New password"), "password2": _("Repeat the new password")}
    helps: ClassVar[dict[str, Any]] = {"password1": PASSWORD_HELP}
