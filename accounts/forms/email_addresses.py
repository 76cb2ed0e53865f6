"""The email addresses of an account."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account import forms as account
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions.email_addresses import accounts_of, is_proven, replace_unproven_address
from accounts.forms.base import InOurWords
from accounts.sign_in.adapters import AccountAdapter
from accounts.sign_in.owner_mail import notify_owner


class AddAddressForm(InOurWords, account.AddEmailForm):  # type: ignore[misc]
    """A further address; of an account that confirmed none, another one instead of the one it has."""

    labels: ClassVar[dict[str, Any]] = {"email": _("Another address")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.replaces = not is_proven(self.user)

    def save(self, request: HttpRequest) -> Any:
        if not self.replaces:
            address = super().save(request)
            notify_owner(request, self.user, "accounts/email/address_added", context={"added_email": address.email})
            return address
        address = replace_unproven_address(self.user, self.cleaned_data["email"])
        send_verification_email_to_address(request, address)
        return address

    def clean_email(self) -> str:
        email = str(super().clean_email())
        if self.replaces and accounts_of(email):
            raise AccountAdapter().validation_error("email_taken")
        return email
