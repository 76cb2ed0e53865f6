"""Codes of authenticator apps, recovery codes and security keys."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.utils.translation import gettext_lazy as _

from accounts.clean_text import clean_line
from accounts.forms.base import InOurWords
from accounts.models import User
from accounts.sign_in.adapters import MFAAdapter
from accounts.sign_in.codes import use_code

DIGITS: Final = {"inputmode": "numeric", "spellcheck": "false"}  # a phone shows its digits at once


class CodeOnce:
    """A form with a code: what was accepted once is not accepted again."""

    user: User

    def clean_code(self) -> str:
        code = str(super().clean_code())  # type: ignore[misc]
        if not use_code(self.user, code):
            raise MFAAdapter().validation_error("incorrect_code")
        return code


class CodeForm(CodeOnce, InOurWords, mfa.AuthenticateForm):  # type: ignore[misc]
    """The second step of signing in."""

    helps: ClassVar[dict[str, Any]] = {"code": _("From your authenticator app, or one of your recovery codes.")}
    attributes: ClassVar[dict[str, dict[str, str]]] = {"code": DIGITS}


class ConfirmCodeForm(CodeOnce, InOurWords, mfa.ReauthenticateForm):  # type: ignore[misc]
    helps, attributes = CodeForm.helps, CodeForm.attributes


class AuthenticatorAppForm(CodeOnce, InOurWords, ActivateTOTPForm):  # type: ignore[misc]
    """The code that switches the app on is used up with that: it does not sign anybody in."""

    labels: ClassVar[dict[str, Any]] = {"code": _("Code that the app shows")}
    attributes: ClassVar[dict[str, dict[str, str]]] = {"code": DIGITS}


class AddKeyForm(InOurWords, AddWebAuthnForm):  # type: ignore[misc]
    labels: ClassVar[dict[str, Any]] = {"name": _("Name"), "passwordless": _("Sign in with this key only")}
    attributes: ClassVar[dict[str, dict[str, str]]] = {"name": {"dir": "auto"}}
    helps: ClassVar[dict[str, Any]] = {
        "name": _("For example “Phone” or “Blue key”."),
        "passwordless": _("You then need no password. The key asks for a PIN or a fingerprint instead."),
    }

    def clean_name(self) -> str:
        self.cleaned_data["name"] = clean_line(str(self.cleaned_data["name"]))
        return str(super().clean_name())  # allauth makes a name where nothing is left
