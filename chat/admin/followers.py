from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chat.actions.operations import discard_event, retry_event
from chat.admin.acts import Act, ActingAdmin
from chat.admin.pages import Badge
from chat.models import Follower, SetAsideEvent


class FollowerFilter(admin.SimpleListFilter):
    title, parameter_name = _("follower"), "follower"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in Follower.objects.order_by("name").values_list("name", flat=True)[:100]]

    def queryset(self, request: HttpRequest, rows: QuerySet[SetAsideEvent]) -> QuerySet[SetAsideEvent]:
        return rows if self.value() is None else rows.filter(follower_id=self.value())


@admin.register(SetAsideEvent)
class SetAsideEventAdmin(ActingAdmin):
    """Events that a follower could not handle, for the staff of the installation. No page shows what an event says."""

    list_display = ("event_id", "follower", "type", "state", "tries", "error", "first_at", "last_at")
    list_filter = (FollowerFilter,)
    list_filter_submit = True
    list_select_related = ("follower",)
    ordering = ("-last_at",)
    fields = ("event_id", "follower", "type", "state", "tries", "error", "first_at", "last_at", "retry_at")
    readonly_fields = ("state",)
    acts = (
        Act(
            name="retry",
            label=_("Try again"),
            done=_("The event is tried once more."),
            perform=lambda actor, event, values: retry_event(actor, event, reason=values["reason"]),
            hint=_("A worker handles it within seconds. If it fails again it stays here."),
            key="r",
            tone="main",
            bulk=True,
            by_staff=True,
        ),
        Act(
            name="discard",
            label=_("Discard"),
            done=_("The event was discarded."),
            perform=lambda actor, event, values: discard_event(actor, event, reason=values["reason"]),
            hint=_("The follower never handles it."),
            key="d",
            tone="danger",
            bulk=True,
            by_staff=True,
        ),
    )

    @display(  # type: ignore[untyped-decorator]  # unfold is untyped
        description=_("state"), label={"waits": "info", "aside": "danger"}
    )
    def state(self, event: SetAsideEvent) -> Badge:
        return Badge("aside", gettext("Set aside")) if event.retry_at is None else Badge("waits", gettext("Waits"))
