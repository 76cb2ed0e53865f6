from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actions import invite_member, revoke_invitation
from accounts.actions.invitations import pending_invitations
from accounts.errors import Conflict, NotFound, Refusal
from accounts.forms import InvitationForm, add_refusal
from accounts.middleware import TenantRequest
from accounts.models import Invitation
from accounts.roles import Right, Role
from accounts.views.rights import require_right


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def list_invitations(request: TenantRequest, slug: str) -> HttpResponse:
    """Open invitations; a POST makes one. The link of one without an address is in that answer and nowhere else."""
    require_right(request.member, Right.INVITE)
    form, link = InvitationForm(request.POST or None, member=request.member), ""
    if form.is_valid():
        try:
            invitation, secret = invite_member(
                request.member, email=form.cleaned_data["email"], role=Role(form.cleaned_data["role"])
            )
        except Refusal as refusal:
            add_refusal(form, refusal, field="email")
        else:
            if invitation.email:
                messages.success(request, _("An invitation is on its way to %(to)s.") % {"to": invitation.email})
                return redirect("manage_invitations", slug=slug)
            link = request.build_absolute_uri(reverse("join", args=[secret]))
            form = InvitationForm(member=request.member)
    invitations = pending_invitations().select_related("invited_by").order_by("-created_at")
    return render(request, "accounts/invitations.html", {"form": form, "link": link, "invitations": invitations})


@require_POST
def revoke(request: TenantRequest, slug: str, invitation_id: UUID) -> HttpResponse:
    invitation = Invitation.objects.filter(pk=invitation_id).first()
    if invitation is None:
        raise NotFound
    try:
        revoke_invitation(request.member, invitation)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, _("The invitation is withdrawn."))
    return redirect("manage_invitations", slug=slug)
