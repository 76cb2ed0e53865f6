from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db.models import F, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.actions import change_profile, change_role, deactivate_member, reactivate_member
from accounts.actions.email_addresses import proven_among
from accounts.errors import Conflict, NotFound, Refusal
from accounts.forms.base import add_refusal
from accounts.forms.filters import MemberFilter
from accounts.forms.members import ProfileForm, ReasonForm, RoleForm, roles_for
from accounts.middleware import TenantRequest
from accounts.models import Member
from accounts.roles import Right, Role, may_change_role
from accounts.views.paging import page_of
from accounts.views.rights import require_right

WORDS: Final = 5  # of a question


@require_GET
def list_members(request: TenantRequest, slug: str) -> HttpResponse:
    """Everybody, deactivated members included, with what the reader may change about each.

    `?q=` is words of name, handle, title or address, `?role=` one role, `?state=` active, former or suspended.
    """
    require_right(request.member, Right.DEACTIVATE_MEMBERS)
    form = MemberFilter(request.GET)
    members = _chosen(form) if form.is_valid() else Member.objects.none()
    page = page_of(
        request, members.select_related("user").order_by(F("deactivated_at").desc(nulls_first=True), "name", "id")
    )
    proven = proven_among([subject.user_id for subject in page])
    rows = [{**_row(request.member, subject), "is_proven": subject.user_id in proven} for subject in page]
    return render(request, "accounts/members.html", {"page": page, "rows": rows, "form": form})


@require_POST
def set_role(request: TenantRequest, slug: str, member_id: UUID) -> HttpResponse:
    form = RoleForm(request.POST)
    subject = find_member(member_id)
    if form.is_valid():
        return _answer(
            request, slug, lambda: change_role(request.member, subject, role=Role(form.cleaned_data["role"]))
        )
    messages.error(request, _("There is no such role."))
    return redirect("manage_members", slug=slug)


@require_POST
def deactivate(request: TenantRequest, slug: str, member_id: UUID) -> HttpResponse:
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    subject = find_member(member_id)
    return _answer(request, slug, lambda: deactivate_member(request.member, subject, reason=reason))


@require_POST
def reactivate(request: TenantRequest, slug: str, member_id: UUID) -> HttpResponse:
    subject = find_member(member_id)
    return _answer(request, slug, lambda: reactivate_member(request.member, subject))


@require_http_methods(["GET", "HEAD", "POST"])
def edit_profile(request: TenantRequest, slug: str) -> HttpResponse:
    """One's own name, handle and title in this organization."""
    member = request.member
    form = ProfileForm(
        request.POST or None, initial={"name": member.name, "handle": member.handle, "title": member.title}
    )
    if form.is_valid():
        try:
            change_profile(member, **form.cleaned_data)
        except Refusal as refusal:
            add_refusal(form, refusal, field="handle")
        else:
            messages.success(request, _("Your profile was saved."))
            return redirect("profile", slug=slug)
    return render(request, "accounts/profile.html", {"form": form})


@require_POST
def leave(request: TenantRequest, slug: str) -> HttpResponse:
    try:
        deactivate_member(request.member, request.member, reason="left")
    except Conflict as refusal:
        messages.error(request, refusal.detail)
        return redirect("profile", slug=slug)
    return redirect("home")


def find_member(member_id: UUID) -> Member:
    """A member of the organization in scope. Raises NotFound."""
    member: Member | None = Member.objects.filter(pk=member_id).first()
    if member is None:
        raise NotFound
    return member


STATES: Final = {
    "active": Q(deactivated_at=None),
    "former": Q(deactivated_at__isnull=False, suspended_at=None),
    "suspended": Q(suspended_at__isnull=False),
}


def _chosen(form: MemberFilter) -> QuerySet[Member]:
    members: QuerySet[Member] = Member.objects.filter(STATES.get(form.cleaned_data["state"], Q()))
    if form.cleaned_data["role"]:
        members = members.filter(role=form.cleaned_data["role"])
    for word in form.cleaned_data["q"].lower().split()[:WORDS]:
        members = members.filter(Q(directory__contains=word) | Q(user__email__icontains=word))
    return members


def _row(reader: Member, subject: Member) -> dict[str, Any]:
    may_govern = may_change_role(reader.role, subject.role, subject.role)
    return {
        "member": subject,
        "roles": roles_for(reader, of=subject.role) if subject.is_active else [],
        "may_deactivate": may_govern and subject.pk != reader.pk,
    }


def _answer(request: TenantRequest, slug: str, act: Any) -> HttpResponse:
    """Do it and go back to the list, with a word when it could not be done because of how things are."""
    try:
        subject: Member = act()
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, _("%(name)s was changed.") % {"name": subject.name})
    return redirect("manage_members", slug=slug)
