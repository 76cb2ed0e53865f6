"""Invitations of an organization: by addresses, and by links for several people."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts import invited_channels
from accounts.actions import invite_addresses, invite_by_link, renew_link, revoke_invitation
from accounts.actions.invitations import Invited, find_invitation, may_invite, pending_invitations
from accounts.errors import Conflict, Refusal
from accounts.forms.base import add_refusal
from accounts.forms.invitations import AddressesForm, LinkForm, chosen_channels
from accounts.middleware import TenantRequest
from accounts.models import Invitation
from accounts.network import absolute_url
from accounts.roles import Right, Role
from accounts.views.rights import require_right

Form = AddressesForm | LinkForm


class Shown(NamedTuple):
    """One line of the answer: an address or a shared link, its link where it is shown, or why there is none."""

    email: str
    invitation: Invitation | None
    link: str
    refusal: str


@require_http_methods(["GET", "HEAD", "POST"])
def list_invitations(request: TenantRequest, slug: str) -> HttpResponse:
    """Open invitations. A POST makes some, by addresses, or one link with `by=link`.

    A link is shown in that answer and nowhere else if nobody is mailed it: one to share, or on a server that has no
    mail server.
    """
    require_right(request.member, Right.INVITE)
    if request.method != "POST":
        return _page(request)
    form = _form(request)
    if not form.is_valid():
        return _page(request, form)
    try:
        invited = _invite(request, form)
    except Refusal as refusal:
        add_refusal(form, refusal, field="emails" if isinstance(form, AddressesForm) else None)
        return _page(request, form)
    if all(each.email and each.invitation for each in invited) and settings.MAIL_SERVER:
        messages.success(request, _sent(invited))
        return redirect("manage_invitations", slug=slug)
    return _page(request, shown=[_shown(request, each) for each in invited])


@require_POST
def show_link(request: TenantRequest, slug: str, invitation_id: UUID) -> HttpResponse:
    """Make a new link of an open invitation and show it; only a hash of the one it had is kept."""
    require_right(request.member, Right.INVITE)
    invitation = find_invitation(request.member, invitation_id)
    try:
        secret = renew_link(request.member, invitation)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
        return redirect("manage_invitations", slug=slug)
    link = _link(request, secret)
    return _page(request, shown=[Shown(invitation.email, invitation, link, "")], is_renewed=True)


@require_POST
def revoke(request: TenantRequest, slug: str, invitation_id: UUID) -> HttpResponse:
    require_right(request.member, Right.INVITE)
    invitation = find_invitation(request.member, invitation_id)
    try:
        revoke_invitation(request.member, invitation)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, _("The invitation was revoked."))
    return redirect("manage_invitations", slug=slug)


def _form(request: TenantRequest) -> Form:
    shape = LinkForm if request.POST.get("by") == "link" else AddressesForm
    return shape(request.POST, member=request.member, channels=invited_channels.offered(request.member))


def _invite(request: TenantRequest, form: Form) -> list[Invited]:
    data = form.cleaned_data
    role, channels = Role(data["role"]), chosen_channels(form)
    if isinstance(form, LinkForm):
        return [invite_by_link(request.member, role=role, channels=channels, days=data["days"], uses=data["uses"])]
    return invite_addresses(
        request.member, emails=data["emails"], role=role, channels=channels, show_links=not settings.MAIL_SERVER
    )


def _sent(invited: list[Invited]) -> str:
    if len(invited) == 1:
        return _("We have sent an invitation to %(to)s.") % {"to": invited[0].email}
    text = ngettext("We have sent %(count)s invitation.", "We have sent %(count)s invitations.", len(invited))
    return text % {"count": len(invited)}


def _shown(request: TenantRequest, invited: Invited) -> Shown:
    is_mailed = bool(invited.email) and settings.MAIL_SERVER
    link = _link(request, invited.secret) if invited.secret and not is_mailed else ""
    return Shown(invited.email, invited.invitation, link, invited.refusal)


def _link(request: TenantRequest, secret: str) -> str:
    return absolute_url(reverse("join", args=[secret]), request)


def _page(
    request: TenantRequest, form: Form | None = None, *, shown: list[Shown] | None = None, is_renewed: bool = False
) -> HttpResponse:
    """`form` is one that was refused; `shown` are the lines about the invitations that were just made."""
    channels = invited_channels.offered(request.member)
    invitations = list(pending_invitations().select_related("invited_by").order_by("-created_at"))
    context = {
        "form": form if isinstance(form, AddressesForm) else AddressesForm(member=request.member, channels=channels),
        "link_form": form if isinstance(form, LinkForm) else LinkForm(member=request.member, channels=channels),
        "by_link": isinstance(form, LinkForm),
        "invitations": invitations,
        "shown": shown or [],
        "is_renewed": is_renewed,
        "renewable": {each.pk for each in invitations if may_invite(request.member, Role(each.role))},
    }
    return render(request, "accounts/invitations.html", context)
