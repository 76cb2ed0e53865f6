"""Sign-in, and the password asked again before a sensitive change."""

from __future__ import annotations

from allauth.account import forms as account

from accounts.forms.base import InOurWords


class SignInForm(InOurWords, account.LoginForm):  # type: ignore[misc]  # allauth is untyped
    pass


class ConfirmPasswordForm(InOurWords, account.ReauthenticateForm):  # type: ignore[misc]
    pass
