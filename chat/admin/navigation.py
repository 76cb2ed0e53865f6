"""The sidebar of the admin site: what the person may look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, AuditEntry, Invitation, Member, Organization, User
from chat.models import Client, Conversation, Message, Node, Report, Sanction

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

GROUPS: tuple[tuple[StrOrPromise, tuple[tuple[StrOrPromise, str, Any], ...]], ...] = (
    (
        _("Moderation"),
        ((_("Reports"), "flag", Report), (_("Messages"), "chat", Message), (_("Sanctions"), "gavel", Sanction)),
    ),
    (_("Organization"), ((_("Members"), "group", Member), (_("Conversations"), "forum", Conversation))),
    (
        _("Ways in"),
        ((_("Clients"), "devices", Client), (_("Invitations"), "mail", Invitation), (_("Tokens"), "key", ApiToken)),
    ),
    (_("Record"), ((_("Audit log"), "history", AuditEntry),)),
    (
        _("Installation"),
        ((_("Organizations"), "domain", Organization), (_("Users"), "person", User), (_("Nodes"), "dns", Node)),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    overview = {"title": gettext("Overview"), "icon": "monitoring", "link": reverse("admin:index")}
    groups = [
        {"title": title, "separator": True, "items": [_item(*entry) for entry in entries if _seen(request, entry[2])]}
        for title, entries in GROUPS
    ]
    return [{"items": [overview]}, *(group for group in groups if group["items"])]


def _seen(request: HttpRequest, model: Any) -> bool:
    site = admin.site._registry.get(model)  # noqa: SLF001  # Django has no public name for it
    return site is not None and site.has_view_permission(request)


def _item(title: StrOrPromise, icon: str, model: Any) -> dict[str, Any]:
    meta = model._meta
    return {"title": title, "icon": icon, "link": reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")}
