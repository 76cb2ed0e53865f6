from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actions import change_organization
from accounts.errors import Refusal
from accounts.forms.base import add_refusal
from accounts.forms.organizations import SettingsForm
from accounts.middleware import TenantRequest
from accounts.roles import Right
from accounts.views.rights import require_right


@require_http_methods(["GET", "HEAD", "POST"])
def edit_settings(request: TenantRequest, slug: str) -> HttpResponse:
    require_right(request.member, Right.CHANGE_ORGANIZATION)
    organization = request.organization
    initial = {name: getattr(organization, name) for name in SettingsForm.base_fields}
    form = SettingsForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            change_organization(request.member, **form.cleaned_data)
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("The settings were saved."))
            return redirect("manage_settings", slug=slug)
    return render(request, "accounts/settings.html", {"form": form})
