"""The page. Every address that the scripts show is served here too: reloading, sharing and new tabs work."""

from __future__ import annotations

import re
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
    "member-status",
    "shell",
    "sidebar",
    "conversation",
    "message",
    "prose",
    "code",
    "composer",
    "dialog",
    "menu",
    "search",
    "state",
)


MAIN: Final = "js/ui/shell/main.js"
_IMPORT: Final = re.compile(r'^(?:import|export)\b[^;"]*"(\.[^"]+)"', re.MULTILINE)


@require_safe
def home(request: TenantRequest, slug: str) -> HttpResponse:
    return _page(request)


@require_safe
def conversation(request: TenantRequest, slug: str, conversation_id: UUID, seq: int | None = None) -> HttpResponse:
    """Raises NotFound for what the member may not know of, so that an address discloses nothing."""
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
            "components": _components(),
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
def _components() -> list[str]:
    """Return the names of the templates in templates/chat/components, which the page includes all."""
    templates = settings.BASE_DIR / "templates"
    return sorted(path.relative_to(templates).as_posix() for path in templates.glob("chat/components/*.html"))


@cache
def _modules() -> list[str]:
    """The scripts that the page comes up with, fetched at once instead of one import after the other.

    What main.js imports, and what that imports; whatever is imported by a call, `import("./x.js")`, comes later.
    """
    static = settings.BASE_DIR / "static"
    found, waiting = set(), [static / MAIN]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        waiting += [(path.parent / name).resolve() for name in _IMPORT.findall(path.read_text())]
    return sorted(path.relative_to(static).as_posix() for path in found)
