from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actions import invite_member, renew_link, revoke_invitation
from accounts.actions.invitations import may_invite, pending_invitations
from accounts.errors import Conflict, NotFound, Refusal
from accounts.forms.base import add_refusal
from accounts.forms.members import InvitationForm
from accounts.middleware import TenantRequest
from accounts.models import Invitation
from accounts.network import absolute_url
from accounts.roles import Right, Role
from accounts.views.rights import require_right


@require_http_methods(["GET", "HEAD", "POST"])
def list_invitations(request: TenantRequest, slug: str) -> HttpResponse:
    """Open invitations; a POST makes one.

    The link is shown in that answer and nowhere else if nobody is mailed it: without an address, or on a server that
    has no mail server.
    """
    require_right(request.member, Right.INVITE)
    form = InvitationForm(request.POST or None, member=request.member)
    if not form.is_valid():
        return _page(request, form)
    email, is_shown = form.cleaned_data["email"], not (form.cleaned_data["email"] and settings.MAIL_SERVER)
    try:
        invitation, secret = invite_member(
            request.member, email=email, role=Role(form.cleaned_data["role"]), show_link=is_shown
        )
    except Refusal as refusal:
        add_refusal(form, refusal, field="email")
        return _page(request, form)
    if is_shown:
        return _page(request, InvitationForm(member=request.member), shown=invitation, secret=secret)
    messages.success(request, _("We have sent an invitation to %(to)s.") % {"to": invitation.email})
    return redirect("manage_invitations", slug=slug)


@require_POST
def show_link(request: TenantRequest, slug: str, invitation_id: UUID) -> HttpResponse:
    """Make a new link of an open invitation and show it; only a hash of the one it had is kept."""
    invitation = _find(invitation_id)
    try:
        secret = renew_link(request.member, invitation)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
        return redirect("manage_invitations", slug=slug)
    form = InvitationForm(member=request.member)
    return _page(request, form, shown=invitation, secret=secret, is_renewed=True)


@require_POST
def revoke(request: TenantRequest, slug: str, invitation_id: UUID) -> HttpResponse:
    invitation = _find(invitation_id)
    try:
        revoke_invitation(request.member, invitation)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, _("The invitation was withdrawn."))
    return redirect("manage_invitations", slug=slug)


def _find(invitation_id: UUID) -> Invitation:
    invitation: Invitation | None = Invitation.objects.filter(pk=invitation_id).first()
    if invitation is None:
        raise NotFound
    return invitation


def _page(
    request: TenantRequest,
    form: InvitationForm,
    *,
    shown: Invitation | None = None,
    secret: str = "",
    is_renewed: bool = False,
) -> HttpResponse:
    """`shown` is the invitation whose link, with `secret`, is on the page."""
    invitations = list(pending_invitations().select_related("invited_by").order_by("-created_at"))
    context = {
        "form": form,
        "invitations": invitations,
        "shown": shown,
        "link": absolute_url(reverse("join", args=[secret]), request) if secret else "",
        "is_renewed": is_renewed,
        "renewable": {each.pk for each in invitations if may_invite(request.member, Role(each.role))},
    }
    return render(request, "accounts/invitations.html", context)
