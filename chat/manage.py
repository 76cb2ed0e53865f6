"""The pages with which an organization's channels are run, in the style of those in accounts/views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.desk_scope import CHOSEN
from accounts.errors import Refusal
from accounts.forms.filters import FilterForm
from accounts.middleware import TenantRequest
from accounts.roles import Right
from accounts.views.paging import page_of
from accounts.views.rights import require_right
from chat.access import Access, find_conversation
from chat.actions.conversations import archive_conversation, update_conversation
from chat.actions.moderation import regulate_conversation
from chat.errors import Invalid, NotFound
from chat.models import Kind
from chat.queries.conversations import managed_channels

STATES: Final = {"open": True, "archived": False}
WRITERS: Final = {"everybody": False, "admins": True}  # whether the channel is for announcements


class ChannelFilter(FilterForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        required=False,
        choices=[
            ("", gettext_lazy("Every kind")),
            (Kind.PUBLIC.value, gettext_lazy("Public")),
            (Kind.PRIVATE.value, gettext_lazy("Private")),
        ],
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[
            ("", gettext_lazy("All")),
            ("open", gettext_lazy("Open")),
            ("archived", gettext_lazy("Archived")),
        ],
    )


@require_GET
def open_desk(request: TenantRequest, slug: str) -> HttpResponse:
    """Lead a moderator to the reports of this organization, also when they moderate others. Raises Forbidden."""
    require_right(request.member, Right.MODERATE)
    request.session[CHOSEN] = slug
    return redirect("admin:chat_report_changelist")


@require_GET
def list_channels(request: TenantRequest, slug: str) -> HttpResponse:
    """Channels with how many people are there and when something was last said, the liveliest first.

    Private channels are shown to those who are in them: running an organization is no way to look into its rooms.
    """
    require_right(request.member, Right.MANAGE_CHANNELS)
    form = ChannelFilter(request.GET)
    wanted: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    channels = managed_channels(
        request.member, q=wanted.get("q", ""), kind=wanted.get("kind", ""), open=STATES.get(wanted.get("state", ""))
    )
    return render(request, "chat/channels.html", {"page": page_of(request, channels), "form": form})


@require_POST
def change_channel(request: TenantRequest, slug: str, conversation_id: UUID) -> HttpResponse:
    """Name, topic and who may write: all that was sent, or nothing of it."""
    sent = request.POST

    @transaction.atomic
    def act() -> Access:
        access = update_conversation(request.member, conversation_id, name=sent.get("name"), topic=sent.get("topic"))
        writers, reason = sent.get("writers", ""), sent.get("reason", "")
        if writers in WRITERS:
            regulate_conversation(request.member, conversation_id, announcement_only=WRITERS[writers], reason=reason)
        return access

    return _answer(request, slug, conversation_id, act)


@require_POST
def archive_channel(request: TenantRequest, slug: str, conversation_id: UUID) -> HttpResponse:
    archived, reason = request.POST.get("archived") == "yes", request.POST.get("reason", "")

    def act() -> Access:
        return archive_conversation(request.member, conversation_id, archived=archived, reason=reason)

    return _answer(request, slug, conversation_id, act)


def _answer(request: TenantRequest, slug: str, conversation_id: UUID, act: Callable[[], Any]) -> HttpResponse:
    find_conversation(request.member, conversation_id)
    require_right(request.member, Right.MANAGE_CHANNELS)
    try:
        access = act()
    except NotFound:
        raise
    except Invalid as refusal:
        messages.error(request, " ".join(sentence for field in refusal.errors.values() for sentence in field))
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, _("#%(name)s is changed.") % {"name": access.conversation.name})
    return redirect("chat:manage_channels", slug=slug)
