"""A new organization, and the settings of one."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.base import WrittenText
from accounts.forms.sign_up import FoundingForm


class OrganizationForm(forms.Form):
    """A new organization for somebody who has an account."""

    name = WrittenText(label=_("Name of the organization"), max_length=80)
    slug = FoundingForm.base_fields["slug"]


class SettingsForm(forms.Form):
    name = WrittenText(label=_("Name"), max_length=80)
    description = WrittenText(label=_("Description"), max_length=250, required=False)
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
        help_text=_(
            "Older messages are deleted permanently, unless a channel has its own setting."
            " Leave empty to keep messages for ever."
        ),
    )
