"""Inviting people: by their addresses, or with a link for several people."""

from __future__ import annotations

import re
from email.utils import getaddresses
from typing import Any, Final
from uuid import UUID

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.actions.invitations import MOST_ADDRESSES, SHARED_ROLES
from accounts.forms.members import roles_for
from accounts.invited_channels import InvitedChannel
from accounts.models import Member
from accounts.roles import Role

LIST_LENGTH: Final = 100 * MOST_ADDRESSES  # characters: addresses with names, as mail programs copy them
DAYS: Final = (1, 7, 30, 90)
USES: Final = (1, 5, 10, 25, 50, 100)


class AddressesForm(forms.Form):
    """Addresses as they are pasted: on lines, with commas or semicolons between, with or without names."""

    emails = forms.CharField(
        label=_("Email addresses"),
        max_length=LIST_LENGTH,
        widget=forms.Textarea(
            attrs={
                "rows": 3,
                "spellcheck": "false",
                "autocapitalize": "none",
                "placeholder": "ada@example.com, bob@example.com",
            }
        ),
    )
    role = forms.ChoiceField(label=_("Role"), initial=Role.MEMBER)
    channels = forms.MultipleChoiceField(
        label=_("Channels to join"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, member: Member, channels: list[InvitedChannel], **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "id_%s", **kwargs})
        _fill(self, member, channels)
        self.fields["emails"].help_text = (
            _("Paste as many as you like. Each person gets an email with a link of their own.")
            if settings.MAIL_SERVER
            else _("This server sends no email. You get a link for each address, to share yourself.")
        )

    def clean_emails(self) -> list[str]:
        return addresses_in(str(self.cleaned_data["emails"]))


class LinkForm(forms.Form):
    """A link that several people can use."""

    uses = forms.TypedChoiceField(
        label=_("How many people can use it"),
        coerce=int,
        initial=25,
        choices=[
            (number, ngettext_lazy("%(count)s person", "%(count)s people", number) % {"count": number})
            for number in USES
        ],
    )
    days = forms.TypedChoiceField(
        label=_("How long it works"),
        coerce=int,
        initial=7,
        choices=[
            (number, ngettext_lazy("%(count)s day", "%(count)s days", number) % {"count": number}) for number in DAYS
        ],
    )
    role = forms.ChoiceField(label=_("Role"), initial=Role.MEMBER)
    channels = forms.MultipleChoiceField(
        label=_("Channels to join"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, member: Member, channels: list[InvitedChannel], **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "id_link_%s", **kwargs})
        _fill(self, member, channels, among=SHARED_ROLES)


def addresses_in(text: str) -> list[str]:
    """Return the addresses of a pasted list, each once, in its order. What is no address stays, to be refused."""
    lines = re.split(r"[\n\r;,]+", text)
    found = [part for line in lines for part in _parts(line.strip()) if part]
    return list(dict.fromkeys(found))


def _parts(entry: str) -> list[str]:
    if "<" in entry:
        return [address for _name, address in getaddresses([entry])] or [entry]
    return entry.split()


def _fill(
    form: forms.Form, member: Member, channels: list[InvitedChannel], *, among: tuple[Role, ...] = tuple(Role)
) -> None:
    roles = [(value, label) for value, label in roles_for(member, of=Role.GUEST) if value in among]
    form.fields["role"].choices = roles  # type: ignore[attr-defined]
    form.fields["channels"].choices = [(str(channel.id), f"#{channel.name}") for channel in channels]  # type: ignore[attr-defined]
    form.fields["channels"].help_text = _("Members also join #general and #random. Guests join only what you choose.")


def chosen_channels(form: forms.Form) -> list[UUID]:
    """Return the ids of the channels that were chosen in a valid form."""
    return [UUID(id) for id in form.cleaned_data["channels"]]
