"""Members: their profile, their role, invitations, and the reason for a change."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.forms.base import WrittenText
from accounts.models import Member
from accounts.roles import Role, may_change_role


class ProfileForm(forms.Form):
    name = WrittenText(label=_("Name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    handle = forms.CharField(
        label=_("Handle"),
        max_length=32,
        help_text=_("What others type after @ to mention you."),
        widget=forms.TextInput,
    )
    title = WrittenText(
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
            _("Leave empty to get a link that you share yourself. It works once.")
            if settings.MAIL_SERVER
            else _(
                "This server sends no email: you get a link to share. It works for this address, or for anyone if you"
                " leave the field empty."
            )
        )


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class ReasonForm(forms.Form):
    reason = WrittenText(label=_("Reason, for the audit log"), max_length=500, required=False)


def roles_for(member: Member, *, of: str) -> list[tuple[str, str]]:
    """The roles that `member` may give to somebody who now is `of`, lowest first."""
    return [(role.value, str(role.label)) for role in reversed(Role) if may_change_role(member.role, of, role)]
