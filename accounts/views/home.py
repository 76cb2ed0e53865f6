"""The start page: it leads everybody to where they belong."""

from __future__ import annotations

from typing import cast

from allauth.account.views import SignupView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actions import create_organization
from accounts.errors import Forbidden, Refusal
from accounts.forms.base import add_refusal
from accounts.forms.organizations import OrganizationForm
from accounts.forms.sign_up import FoundingForm
from accounts.models import Organization, User
from accounts.paths import organization_path
from accounts.sign_in.policy import may_found
from accounts.tenancy import memberships_of, suspensions_of
from accounts.views.rights import signed_in


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Members go to an organization, others to the sign-in page, the first visitor of all to the sign-up page."""
    if not request.user.is_authenticated:
        return redirect("account_login" if Organization.objects.exists() else "account_signup")
    members, suspended = memberships_of(request.user), suspensions_of(request.user)
    if len(members) == 1 and not suspended:
        return redirect(organization_path(members[0].organization.slug))
    return render(request, "accounts/home.html", {"members": members, "suspended": suspended, "may_found": may_found()})


class FoundingView(SignupView):  # type: ignore[misc]  # allauth is untyped
    """allauth's sign-up page, whose form also founds an organization."""

    form_class = FoundingForm

    def get_form_class(self) -> type[FoundingForm]:
        return self.form_class

    def form_valid(self, form: FoundingForm) -> HttpResponse:
        try:
            return cast(HttpResponse, super().form_valid(form))
        except Refusal as refusal:
            add_refusal(form, refusal, field="slug")
            return cast(HttpResponse, self.form_invalid(form))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def found_organization(request: HttpRequest) -> HttpResponse:
    if not may_found():
        raise Forbidden(gettext("Only the administrators of this installation can create organizations."))
    form = OrganizationForm(request.POST or None)
    if form.is_valid():
        try:
            owner = create_organization(cast(User, request.user), **form.cleaned_data)
        except Refusal as refusal:
            add_refusal(form, refusal, field="slug")
        else:
            return redirect(organization_path(owner.organization.slug))
    return render(request, "accounts/found_organization.html", {"form": form})
