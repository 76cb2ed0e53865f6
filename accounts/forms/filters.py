"""What a list is narrowed to, in the query of its address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.base import WrittenText
from accounts.roles import Role


class FilterForm(forms.Form):
    """What a list is narrowed to, in the address. A value that makes no sense counts as none: lists do not complain."""

    q = WrittenText(label=_("Search"), max_length=80, required=False)

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
    by = WrittenText(label=_("By"), max_length=80, required=False)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
