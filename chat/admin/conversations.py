from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from accounts.desk_scope import DeskRequest
from accounts.models import Member
from accounts.roles import Right
from chat.access import visible_conversations, visible_reports
from chat.actions.conversations import archive_conversation
from chat.actions.moderation import regulate_conversation
from chat.admin.acts import Act, ActingAdmin
from chat.admin.pages import Badge
from chat.models import Conversation

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = _("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("open", gettext("Open")),
            ("locked", gettext("Locked")),
            ("archived", gettext("Archived")),
            ("announcements", gettext("Announcements only")),
        ]

    def queryset(self, request: HttpRequest, rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
        wanted: dict[str, dict[str, Any]] = {
            "open": {"locked_at": None, "archived_at": None},
            "locked": {"locked_at__isnull": False},
            "archived": {"archived_at__isnull": False},
            "announcements": {"announcement_only": True},
        }
        return rows.filter(**wanted.get(self.value() or "", {}))


def _regulation(name: str, label: StrOrPromise, done: StrOrPromise, *, key: str = "", **change: bool) -> Act:
    """An act that sets one rule, offered where it would change something."""
    ((field, value),) = change.items()

    def is_set(conversation: Conversation) -> bool:
        return conversation.locked_at is not None if field == "locked" else bool(getattr(conversation, field))

    def perform(actor: Member, conversation: Conversation, values: Mapping[str, Any]) -> None:
        regulate_conversation(actor, conversation.pk, reason=values["reason"], **{field: value})

    return Act(
        name=name,
        label=label,
        done=done,
        perform=perform,
        offered=lambda conversation: conversation.is_channel and is_set(conversation) != value,
        key=key,
        bulk=field == "locked",
    )


@admin.register(Conversation)
class ConversationAdmin(ActingAdmin):
    """Conversations as things with rules; what is written in them is not to be read here.

    A moderator sees the public channels, those where they take part, and where a message was reported. The staff of
    the installation see that a conversation exists, of what kind it is and how it grows; of a private one no name.
    """

    right = Right.MODERATE
    list_display = ("title", "kind", "state", "last_seq", "organization", "created_at")
    list_filter = (("kind", ChoicesDropdownFilter), StateFilter)
    list_filter_submit = True
    list_select_related = ("organization",)
    ordering = ("-created_at",)
    readonly_fields = ("title", "state")
    acts = (
        _regulation("lock", _("Lock"), _("Only moderators can write."), key="l", locked=True),
        _regulation("unlock", _("Unlock"), _("Participants can write again."), key="l", locked=False),
        _regulation(
            "announce",
            _("Announcements only"),
            _("Only admins of the channel and moderators can write."),
            announcement_only=True,
        ),
        _regulation("discuss", _("Let all write"), _("Every participant can write again."), announcement_only=False),
        Act(
            name="slow",
            label=_("Slow mode"),
            done=_("The slow mode was changed."),
            perform=lambda actor, conversation, values: regulate_conversation(
                actor, conversation.pk, reason=values["reason"], slow_mode=values["seconds"]
            ),
            offered=lambda conversation: conversation.is_channel,
            fields={
                "seconds": forms.IntegerField(min_value=0, max_value=86_400, initial=30, label=_("Seconds, 0: off"))
            },
            hint=_("How long a member waits between two messages."),
        ),
        Act(
            name="retention",
            label=_("Retention"),
            done=_("The retention time was changed."),
            perform=lambda actor, conversation, values: regulate_conversation(
                actor, conversation.pk, reason=values["reason"], retention_days=values["days"]
            ),
            fields={"days": forms.IntegerField(min_value=0, max_value=36_500, required=False, label=_("Days"))},
            hint=_("Older messages are deleted permanently. Empty: the setting of the organization. 0: never."),
        ),
        Act(
            name="archive",
            label=_("Archive"),
            done=_("The channel was archived."),
            perform=lambda actor, conversation, values: archive_conversation(
                actor, conversation.pk, reason=values["reason"]
            ),
            offered=lambda conversation: conversation.is_channel and conversation.archived_at is None,
            bulk=True,
        ),
        Act(
            name="unarchive",
            label=_("Restore from the archive"),
            done=_("The channel is open again."),
            perform=lambda actor, conversation, values: archive_conversation(
                actor, conversation.pk, archived=False, reason=values["reason"]
            ),
            offered=lambda conversation: conversation.is_channel and conversation.archived_at is not None,
        ),
    )
    fields = (
        *("title", "kind", "state", "last_seq", "slow_mode", "announcement_only", "retention_days"),
        *("created_at", "locked_at", "archived_at"),
    )

    def visible(self, request: DeskRequest, rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
        if request.member is None:
            return rows
        reported = rows.filter(pk__in=visible_reports(request.member).values("conversation"))
        return rows.filter(pk__in=visible_conversations(request.member).values("pk")) | reported

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("name",) if getattr(request, "member", None) is not None else ()

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        one = not getattr(request, "everywhere", False)
        return tuple(name for name in self.list_display if not (one and name == "organization"))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        return _for(request, [found])[0] if found is not None else None

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changes = super().get_changelist_instance(request)
        changes.result_list = _for(request, changes.result_list)
        return changes

    @display(description=_("conversation"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def title(self, conversation: Any) -> str:
        return str(conversation)

    @display(  # type: ignore[untyped-decorator]  # unfold is untyped
        description=_("state"),
        label={"open": "success", "locked": "warning", "archived": "info", "announcements": "info"},
    )
    def state(self, conversation: Conversation) -> Badge:
        if conversation.archived_at is not None:
            return Badge("archived", gettext("Archived"))
        if conversation.locked_at is not None:
            return Badge("locked", gettext("Locked"))
        if conversation.announcement_only:
            return Badge("announcements", gettext("Announcements"))
        return Badge("open", gettext("Open"))


def _for(request: HttpRequest, rows: Any) -> list[Any]:
    """Without the names of private channels, for who takes part in nothing."""
    found = list(rows)
    if getattr(request, "member", None) is None:
        for conversation in found:
            if conversation.kind != "public":
                conversation.name = None
    return found
