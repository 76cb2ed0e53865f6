"""The forms of the pages. They gather input; what is allowed is decided by the actions they lead to."""

from __future__ import annotations

from typing import Any, ClassVar, Final, cast

from allauth.account import forms as account
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions import create_organization
from accounts.actions.email_addresses import accounts_of, is_proven, prove_address, replace_unproven_address
from accounts.actions.organizations import check_new_organization
from accounts.auth import AccountAdapter, MFAAdapter, may_sign_in, must_confirm, notify_owner, use_code
from accounts.clean_text import clean_line
from accounts.errors import Conflict, Invalid, Refusal
from accounts.models import Member, User
from accounts.roles import Role, may_change_role

SLUG_ATTRIBUTES = {
    "autocapitalize": "none",
    "autocomplete": "off",
    "spellcheck": "false",
    "data-slug-of": "organization",
}


PASSWORD_HELP: Final = _("At least 10 characters, and not one that is easy to guess.")
DIGITS: Final = {"inputmode": "numeric", "spellcheck": "false"}  # a phone shows its digits at once


class InOurWords:
    """One of allauth's forms, worded as the rest of the product: labels and help by the names of fields."""

    labels: ClassVar[dict[str, Any]] = {}
    helps: ClassVar[dict[str, Any]] = {}
    attributes: ClassVar[dict[str, dict[str, str]]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # type: ignore[attr-defined]
            field.widget.attrs.pop("placeholder", None)  # every field has a label; two of them are noise
            field.widget.attrs.update(self.attributes.get(name, {}))
            field.label = self.labels.get(name, field.label)
            field.help_text = self.helps.get(name, field.help_text)


class SignInForm(InOurWords, account.LoginForm):  # type: ignore[misc]  # allauth is untyped
    pass


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


class ChangePasswordForm(InOurWords, account.ChangePasswordForm):  # type: ignore[misc]
    labels: ClassVar[dict[str, Any]] = {
        "oldpassword": _("Current password"),
        "password1": _("New password"),
        "password2": _("New password, once more"),
    }
    helps: ClassVar[dict[str, Any]] = {"password1": PASSWORD_HELP}


class SetPasswordForm(InOurWords, account.SetPasswordForm):  # type: ignore[misc]
    labels: ClassVar[dict[str, Any]] = {"password2": _("Password, once more")}
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

    labels: ClassVar[dict[str, Any]] = {"password1": _("New password"), "password2": _("New password, once more")}
    helps: ClassVar[dict[str, Any]] = {"password1": PASSWORD_HELP}


class ConfirmPasswordForm(InOurWords, account.ReauthenticateForm):  # type: ignore[misc]
    pass


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
    labels: ClassVar[dict[str, Any]] = {"name": _("Name"), "passwordless": _("Sign in with this key alone")}
    helps: ClassVar[dict[str, Any]] = {
        "name": _("What you will know it by, for example “Phone” or “Blue key”."),
        "passwordless": _("No password is asked for then; the key asks for a PIN or a finger instead."),
    }

    def clean_name(self) -> str:
        self.cleaned_data["name"] = clean_line(str(self.cleaned_data["name"]))
        return str(super().clean_name())  # allauth makes a name where nothing is left


class NameForm(InOurWords, account.SignupForm):  # type: ignore[misc]
    """A new account: name, e-mail, password. For people who join by an invitation.

    `proves_address`: who fills the form in has shown already that they read the mail of this address. They may learn
    that there is an account, and an account that nobody proved becomes theirs.
    """

    name = forms.CharField(label=_("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order: ClassVar[list[str]] = ["name", "email", "password1"]
    helps: ClassVar[dict[str, Any]] = {"password1": PASSWORD_HELP}
    proves_address = False
    unproven: User | None = None  # who has the address so far, and never confirmed it

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def validate_unique_email(self, value: str) -> str:
        """Where an address has to be confirmed, who has an account is told by mail and not by this page."""
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

    organization = forms.CharField(
        label=_("Organization"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    slug = forms.CharField(
        label=_("Address"),
        max_length=40,
        required=False,
        help_text=_("Lower-case letters, digits and hyphens. Left empty, it is made from the name."),
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


class OrganizationForm(forms.Form):
    """A new organization for somebody who has an account."""

    name = forms.CharField(label=_("Name of the organization"), max_length=80)
    slug = FoundingForm.base_fields["slug"]


class SettingsForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    description = forms.CharField(label=_("Description"), max_length=250, required=False)
    edit_window = forms.IntegerField(
        label=_("Time to edit a message"),
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        help_text=_("In seconds. Leave empty to let authors edit their messages at any time."),
    )
    retention_days = forms.IntegerField(
        label=_("Days that messages are kept"),
        min_value=1,
        max_value=36_500,
        required=False,
        help_text=_("Older ones go for good, unless a channel says otherwise. Leave empty to keep them for ever."),
    )


class ProfileForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    handle = forms.CharField(
        label=_("Handle"),
        max_length=32,
        help_text=_("What others type after @ to mention you."),
        widget=forms.TextInput,
    )
    title = forms.CharField(
        label=_("Title"),
        max_length=80,
        required=False,
        help_text=_("What you do here, for example “Support, Berlin”."),
    )


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("Email"), max_length=254, required=False)
    role = forms.ChoiceField(label=_("Role"), initial=Role.MEMBER)

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles_for(member, of=Role.GUEST)  # type: ignore[attr-defined]
        self.fields["email"].help_text = (
            _("Leave empty to get a link that you pass on yourself. It works once.")
            if settings.MAIL_SERVER
            else _("No mail is sent from here: you get a link to pass on, for this address or, left empty, for anyone.")
        )


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class FilterForm(forms.Form):
    """What a list is narrowed to, in the address. A value that makes no sense counts as none: lists do not complain."""

    q = forms.CharField(label=_("Search"), max_length=80, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.data = {name: self._sensible(name) for name in self.fields}

    def _sensible(self, name: str) -> str:
        field, value = self.fields[name], str(self.data.get(name, "")).replace("\0", "")[:80]
        try:
            field.clean(value)
        except forms.ValidationError:
            return ""
        return value


class MemberFilter(FilterForm):
    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", _("Any role")), *Role.choices])
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("Everybody")),
            ("active", _("Active")),
            ("former", _("Deactivated")),
            ("suspended", _("Suspended")),
        ],
    )


class AuditFilter(FilterForm):
    by = forms.CharField(label=_("By"), max_length=80, required=False)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason, for the audit log"), max_length=500, required=False)


class TokenForm(forms.Form):
    label = forms.CharField(
        label=_("What is it for?"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


def roles_for(member: Member, *, of: str) -> list[tuple[str, str]]:
    """The roles that `member` may give to somebody who now is `of`, lowest first."""
    return [(role.value, str(role.label)) for role in reversed(Role) if may_change_role(member.role, of, role)]


def add_refusal(form: forms.BaseForm, refusal: Refusal, *, field: str | None = None) -> None:
    """Show why an action refused: at its fields when the input was invalid, at `field` when something is taken."""
    errors = refusal.errors if isinstance(refusal, Invalid) else {}
    for name, sentences in errors.items():
        form.add_error(name if name in form.fields else None, sentences)
    if not errors:
        form.add_error(field if isinstance(refusal, Conflict) else None, refusal.detail)


def _clean_name(name: str) -> str:
    """Return a clean line. Raises ValidationError where nothing is left of it, as for a field without a value."""
    name = clean_line(name)
    if not name:
        raise forms.ValidationError(forms.Field.default_error_messages["required"], code="required")
    return name
