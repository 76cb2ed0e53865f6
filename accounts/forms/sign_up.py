"""Sign-up: an account for an invitation, or an account with a new organization."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from allauth.account import forms as account
from allauth.account.models import EmailAddress
from django import forms
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions import create_organization
from accounts.actions.email_addresses import accounts_of, is_proven, prove_address
from accounts.actions.organizations import check_new_organization
from accounts.errors import Refusal
from accounts.forms.base import PASSWORD_HELP, InOurWords, WrittenText, add_refusal
from accounts.models import User
from accounts.sign_in.adapters import AccountAdapter
from accounts.sign_in.policy import must_confirm

SLUG_ATTRIBUTES = {
    "autocapitalize": "none",
    "autocomplete": "off",
    "spellcheck": "false",
    "data-slug-of": "organization",
}


class NameForm(InOurWords, account.SignupForm):  # type: ignore[misc]
    """A new account: name, e-mail, password. For people who join by an invitation.

    `proves_address`: who fills the form in has shown already that they read the mail of this address. They may learn
    that there is an account, and an account that nobody proved becomes theirs.
    """

    name = WrittenText(label=_("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order: ClassVar[list[str]] = ["name", "email", "password1"]
    helps: ClassVar[dict[str, Any]] = {"password1": PASSWORD_HELP}
    proves_address = False
    unproven: User | None = None  # who has the address so far, and never confirmed it

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def validate_unique_email(self, value: str) -> str:
        """Check the address. If addresses must be confirmed, an email says that there is an account, not this page."""
        owner = next(iter(accounts_of(value)), None)
        if owner is None:
            return value
        if self.proves_address and not is_proven(owner):
            self.unproven = owner
        elif self.proves_address or not must_confirm():
            raise AccountAdapter().validation_error("email_taken")
        else:
            self.account_already_exists = True
        return value

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])  # takes as long as it does for a new account
        return super().try_save(request)

    def save(self, request: HttpRequest) -> Any:
        if self.unproven is not None:
            return self._take_over(self.unproven)
        user = super().save(request)
        # allauth leaves the address out when another account added it without confirming it.
        EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True})
        return user

    def _take_over(self, user: User) -> User:
        user.name = self.cleaned_data["name"]
        user.set_password(self.cleaned_data["password1"])
        user.save(update_fields=["name", "password"])
        prove_address(user, user.email)
        return user


class FoundingForm(NameForm):
    """A new account with a new organization, in one transaction."""

    organization = WrittenText(
        label=_("Organization"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    slug = forms.CharField(
        label=_("Address"),
        max_length=40,
        required=False,
        help_text=_("Lower-case letters, digits and hyphens. If empty, it is derived from the name."),
        widget=forms.TextInput(attrs=SLUG_ATTRIBUTES),
    )
    field_order: ClassVar[list[str]] = ["name", "email", "password1", "organization", "slug"]

    def clean(self) -> dict[str, Any]:
        """What is wrong with the organization is said before it counts whether there is an account."""
        cleaned = cast("dict[str, Any]", super().clean())
        if not self.errors:
            try:
                check_new_organization(name=cleaned["organization"], slug=cleaned["slug"])
            except Refusal as refusal:
                add_refusal(self, refusal, field="slug")
        return cleaned

    def signup(self, request: HttpRequest, user: User) -> None:
        create_organization(user, name=self.cleaned_data["organization"], slug=self.cleaned_data["slug"])

    def try_save(self, request: HttpRequest) -> Any:
        """All of it or nothing: an account must not be left behind by an organization that could not be founded."""
        with transaction.atomic():
            return super().try_save(request)
