"""The page. Every address that the scripts show is served here too, so that reloading, sharing and opening in a new tab work."""

from __future__ import annotations

from functools import cache
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from accounts.middleware import TenantRequest
from accounts.roles import RIGHTS, Role
from chat.access import find_conversation

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

# The ones that most reactions are made of (a full list would weigh more than the page), by what people type to find them.
EMOJIS: Final = (
    ("👍", _("thumbs up yes agree")),
    ("👎", _("thumbs down no")),
    ("❤️", _("heart love")),
    ("😂", _("laughing tears funny")),
    ("😄", _("smile happy")),
    ("🙂", _("slight smile")),
    ("😉", _("wink")),
    ("😍", _("heart eyes love")),
    ("🤔", _("thinking hmm")),
    ("😅", _("sweat phew")),
    ("😮", _("surprised wow")),
    ("😢", _("sad crying")),
    ("😡", _("angry")),
    ("🙄", _("rolling eyes")),
    ("😴", _("sleeping tired")),
    ("🤯", _("mind blown")),
    ("🥳", _("party celebrate")),
    ("🎉", _("tada party congratulations")),
    ("👏", _("clapping applause")),
    ("🙏", _("thanks please")),
    ("🙌", _("raised hands hooray")),
    ("💪", _("strong muscle")),
    ("👀", _("eyes looking")),
    ("👋", _("wave hello bye")),
    ("🤝", _("handshake deal")),
    ("👌", _("okay fine")),
    ("✅", _("done check")),
    ("❌", _("cross no")),
    ("➕", _("plus one")),
    ("❓", _("question")),
    ("❗", _("exclamation important")),
    ("💯", _("hundred exactly")),
    ("🔥", _("fire hot")),
    ("🚀", _("rocket ship launch")),
    ("✨", _("sparkles new")),
    ("⭐", _("star")),
    ("💡", _("idea light bulb")),
    ("🐛", _("bug")),
    ("🔧", _("wrench fix")),
    ("🚧", _("construction work in progress")),
    ("⏳", _("waiting hourglass")),
    ("📌", _("pin")),
    ("📅", _("calendar date")),
    ("📎", _("paperclip attachment")),
    ("☕", _("coffee break")),
    ("🍕", _("pizza lunch")),
    ("🎂", _("cake birthday")),
    ("🌱", _("seedling plant")),
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
    """Every script of the page, fetched at once instead of one import after the other."""
    static = settings.BASE_DIR / "static"
    return sorted(path.relative_to(static).as_posix() for path in static.glob("js/*/*.js"))
