from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from accounts.desk_scope import DeskRequest
from accounts.roles import Right
from chat.access import visible_reports
from chat.actions.moderation import hide_message, remove_message, restore_message
from chat.actions.removed import reveal
from chat.admin.acts import Act, ActingAdmin
from chat.admin.pages import Badge
from chat.models import Message, Report


def _is_there(message: Message) -> bool:
    return message.purged_at is None and message.deleted_at is None


@admin.register(Message)
class MessageAdmin(ActingAdmin):
    """The messages that were reported or hidden, and no others: what nobody complained of is nobody's here to read."""

    right = Right.MODERATE
    list_display = ("excerpt", "author", "conversation", "state", "created_at")
    list_filter = (("author", AutocompleteSelectFilter),)
    list_filter_submit = True
    list_select_related = ("author", "conversation")
    ordering = ("-created_at", "-pk")
    fields = (
        *("body", "author", "conversation", "state", "created_at", "edited_at", "hidden_at", "deleted_at"),
        *("purged_at", "version"),
    )
    readonly_fields = ("body", "state", "excerpt")
    acts = (
        Act(
            name="hide",
            label=_("Hide"),
            done=_("The message was hidden from everybody."),
            perform=lambda actor, message, values: hide_message(actor, message.pk, reason=values["reason"]),
            offered=lambda message: _is_there(message) and message.hidden_at is None,
            hint=_("The message is kept and can be shown again. Everybody sees that a moderator hid it."),
            key="h",
            bulk=True,
        ),
        Act(
            name="restore",
            label=_("Show again"),
            done=_("The message is visible again."),
            perform=lambda actor, message, values: restore_message(actor, message.pk, reason=values["reason"]),
            offered=lambda message: _is_there(message) and message.hidden_at is not None,
            key="h",
            bulk=True,
        ),
        Act(
            name="remove",
            label=_("Remove permanently"),
            done=_("The message and its earlier versions were removed permanently."),
            perform=lambda actor, message, values: remove_message(actor, message.pk, reason=values["reason"]),
            offered=lambda message: message.purged_at is None,
            hint=_("The text and its earlier versions are deleted from the database. This cannot be undone."),
            tone="danger",
        ),
    )

    def visible(self, request: DeskRequest, rows: QuerySet[Message]) -> QuerySet[Message]:
        reports = Report.objects.all() if request.member is None else visible_reports(request.member)
        reported = Exists(reports.filter(message=OuterRef("pk")))
        return rows.filter(Q(reported) | Q(hidden_at__isnull=False))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one message, with its text though it is hidden, and record who read it."""
        message, desk = self.get_object(request, object_id), cast(DeskRequest, request)
        if message is not None:
            reveal(desk.member or desk.user, message)
        return super().change_view(request, object_id, form_url, extra_context)

    @display(description=_("message"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def excerpt(self, message: Message) -> str:
        return Truncator(message.shown_text).chars(80) or "–"

    @display(description=_("text"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def body(self, message: Message) -> str:
        return message.text or "–"  # on its own page, which `change_view` has recorded

    @display(  # type: ignore[untyped-decorator]  # unfold is untyped
        description=_("state"),
        label={"shown": "success", "hidden": "warning", "deleted": "info", "removed": "danger"},
    )
    def state(self, message: Message) -> Badge:
        if message.purged_at is not None:
            return Badge("removed", gettext("Removed"))
        if message.deleted_at is not None:
            return Badge("deleted", gettext("Deleted by its author"))
        return Badge("hidden", gettext("Hidden")) if message.hidden_at is not None else Badge("shown", gettext("Shown"))
