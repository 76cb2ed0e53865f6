"""The sidebar of the admin site: what the person may look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import ApiToken, AuditEntry, Invitation, Member, Organization, User
from chat.models import Client, Conversation, Message, Node, Report, Sanction

GROUPS: tuple[tuple[str, tuple[tuple[str, str, Any], ...]], ...] = (
    ("Moderation", (("Reports", "flag", Report), ("Messages", "chat", Message), ("Sanctions", "gavel", Sanction))),
    ("Organization", (("Members", "group", Member), ("Conversations", "forum", Conversation))),
    ("Ways in", (("Clients", "devices", Client), ("Invitations", "mail", Invitation), ("Tokens", "key", ApiToken))),
    ("Record", (("Audit log", "history", AuditEntry),)),
    ("Installation", (("Organizations", "domain", Organization), ("Users", "person", User), ("Nodes", "dns", Node))),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    overview = {"title": "Overview", "icon": "monitoring", "link": reverse("admin:index")}
    groups = [
        {"title": title, "separator": True, "items": [_item(*entry) for entry in entries if _seen(request, entry[2])]}
        for title, entries in GROUPS
    ]
    return [{"items": [overview]}, *(group for group in groups if group["items"])]


def _seen(request: HttpRequest, model: Any) -> bool:
    site = admin.site._registry.get(model)  # noqa: SLF001  # Django has no public name for it
    return site is not None and site.has_view_permission(request)


def _item(title: str, icon: str, model: Any) -> dict[str, Any]:
    meta = model._meta
    return {"title": title, "icon": icon, "link": reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")}
