"""The page. Every address that the scripts show is served here too: reloading, sharing and new tabs work."""

from __future__ import annotations

from functools import cache
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from accounts.middleware import TenantRequest
from accounts.roles import RIGHTS, Role
from chat.access import find_conversation
from chat.emoji import EMOJIS

STYLESHEETS: Final = (
    "avatar",
    "shell",
    "sidebar",
    "conversation",
    "message",
    "prose",
    "composer",
    "dialog",
    "menu",
    "search",
    "state",
)


# Menus, dialogs, threads and search are imported when the page has come up; types.js holds types alone.
LATER: Final = frozenset(
    {
        "js/client/types.js",
        "js/ui/account.js",
        "js/ui/actions.js",
        "js/ui/channels.js",
        "js/ui/dialog.js",
        "js/ui/direct.js",
        "js/ui/editor.js",
        "js/ui/emoji.js",
        "js/ui/menu.js",
        "js/ui/picker.js",
        "js/ui/search.js",
        "js/ui/settings.js",
        "js/ui/thread.js",
    }
)


@require_safe
def home(request: TenantRequest, slug: str) -> HttpResponse:
    return _page(request)


@require_safe
def conversation(request: TenantRequest, slug: str, conversation_id: UUID, seq: int | None = None) -> HttpResponse:
    """Raises NotFound for what the member may not know of, so that an address tells nothing."""
    find_conversation(request.member, conversation_id)
    return _page(request)


@ensure_csrf_cookie
def _page(request: TenantRequest) -> HttpResponse:
    return render(
        request,
        "chat/page.html",
        {
            "organization": request.organization,
            "member": request.member,
            "page": _page_data(request),
            "stylesheets": [f"css/{name}.css" for name in STYLESHEETS],
            "modules": _modules(),
            "emojis": EMOJIS,
            "people_at_most": settings.PARTICIPANTS_PER_GROUP - 1,
        },
    )


def _page_data(request: TenantRequest) -> dict[str, Any]:
    """What the scripts must know before they can ask the API."""
    return {
        "root": f"/o/{request.organization.slug}/",
        "organization": request.organization.name,
        "member": str(request.member.pk),
        "name": request.member.name,
        "rights": sorted(RIGHTS[Role(request.member.role)]),
        "csrfCookie": settings.CSRF_COOKIE_NAME,
        "messageLength": settings.MESSAGE_LENGTH,
        "peopleAtMost": settings.PARTICIPANTS_PER_GROUP - 1,
    }


@cache
def _modules() -> list[str]:
    """The scripts that the page comes up with, fetched at once instead of one import after the other."""
    static = settings.BASE_DIR / "static"
    modules = (path.relative_to(static).as_posix() for path in static.glob("js/*/*.js"))
    return sorted(name for name in modules if name not in LATER)
