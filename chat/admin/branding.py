"""The titles, files and the list of organizations that unfold asks for (UNFOLD in the settings)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.desk_scope import moderated_memberships


def organizations_to_choose(request: HttpRequest) -> list[dict[str, Any]]:
    """unfold's site dropdown: where else the person may work."""
    if not request.user.is_active:
        return []
    user = request.user
    everything = [{"title": _("All organizations"), "link": reverse("admin:choose_every"), "icon": "domain"}]
    choices = [
        {
            "title": member.organization.name,
            "link": reverse("admin:choose", args=[member.organization.slug]),
            "icon": "shield_person",
        }
        for member in moderated_memberships(user)
    ]
    return [*(everything if user.is_staff else []), *choices]


def site_title(request: HttpRequest) -> str:
    return _("Parley desk")


def site_header(request: HttpRequest) -> str:
    organization = getattr(request, "organization", None)
    return organization.name if organization else "Parley"


def site_subheader(request: HttpRequest) -> str:
    if getattr(request, "everywhere", False):
        return _("All organizations")
    member = getattr(request, "member", None)
    return member.get_role_display() if member else _("Staff of the installation")


def stylesheet(request: HttpRequest) -> str:
    return static("css/desk.css")


def trusted_script(request: HttpRequest) -> str:
    return static("desk/trusted.js")


def expressions_script(request: HttpRequest) -> str:
    return static("desk/expressions.js")


def desk_script(request: HttpRequest) -> str:
    return static("desk/desk.js")


def favicon(request: HttpRequest) -> str:
    return static("icon.svg")
