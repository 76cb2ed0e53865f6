"""The sidebar of the admin site: what the person may look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.desk_scope import DeskRequest
from accounts.models import ApiToken, AuditEntry, Invitation, Member, Organization, User
from accounts.roles import Right
from chat.models import Client, Conversation, Message, Node, Report, Sanction, SetAsideEvent

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
        (
            *((_("Organizations"), "domain", Organization), (_("Users"), "person", User), (_("Nodes"), "dns", Node)),
            (_("Events set aside"), "error", SetAsideEvent),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    overview = {"title": gettext("Overview"), "icon": "monitoring", "link": reverse("admin:index")}
    groups = [
        {"title": title, "separator": True, "items": [_item(*entry) for entry in entries if _seen(request, entry[2])]}
        for title, entries in GROUPS
    ]
    return [
        {"items": [overview]},
        *(group for group in groups if group["items"]),
        *_ways_back(cast(DeskRequest, request)),
    ]


def _ways_back(request: DeskRequest) -> list[dict[str, Any]]:
    """Return links to the chat and to the settings of the organization, for its members."""
    member = request.member
    if member is None:
        return []
    slug = member.organization.slug
    ways = [_way(gettext("Conversations"), "chat_bubble", "chat:home", slug)]
    if member.may(Right.DEACTIVATE_MEMBERS):
        ways.append(_way(gettext("Manage members"), "manage_accounts", "manage_members", slug))
    if member.may(Right.MANAGE_CHANNELS):
        ways.append(_way(gettext("Manage channels"), "tag", "chat:manage_channels", slug))
    if member.may(Right.CHANGE_ORGANIZATION):
        ways.append(_way(gettext("Organization settings"), "settings", "manage_settings", slug))
    return [{"title": member.organization.name, "separator": True, "items": ways}]


def _way(title: str, icon: str, name: str, slug: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse(name, args=[slug])}


def _seen(request: HttpRequest, model: Any) -> bool:
    site = admin.site._registry.get(model)  # noqa: SLF001  # Django has no public name for it
    return site is not None and site.has_view_permission(request)


def _item(title: StrOrPromise, icon: str, model: Any) -> dict[str, Any]:
    meta = model._meta
    return {"title": title, "icon": icon, "link": reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")}
