from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from accounts.roles import Right
from chat.admin.pages import Badge, DeskAdmin
from chat.models import Sanction


@admin.register(Sanction)
class SanctionAdmin(DeskAdmin):
    """Warnings, mutes and suspensions as they were imposed. They are lifted on the member's page."""

    right = Right.MODERATE
    list_display = ("member", "kind", "state", "reason", "until", "created_by", "created_at")
    list_filter = (("kind", ChoicesDropdownFilter), ("member", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("member", "created_by")
    search_fields = ("member__name", "member__handle", "reason")
    ordering = ("-created_at",)
    fields = (
        *("member", "kind", "state", "reason", "until", "created_by", "created_at"),
        *("acknowledged_at", "lifted_at", "lifted_by", "lift_reason"),
    )
    readonly_fields = ("state",)

    @display(  # type: ignore[untyped-decorator]  # unfold is untyped
        description=_("state"),
        label={"in_force": "danger", "lifted": "info", "over": "info", "given": "warning", "read": "info"},
    )
    def state(self, sanction: Sanction) -> Badge:
        if sanction.kind == Sanction.Kind.WARNING:
            return (
                Badge("read", gettext("Read")) if sanction.acknowledged_at else Badge("given", gettext("Not read yet"))
            )
        if sanction.lifted_at is not None:
            return Badge("lifted", gettext("Lifted"))
        if sanction.until is not None and sanction.until < timezone.now():
            return Badge("over", gettext("Over"))
        return Badge("in_force", gettext("In force"))


def sanctions_of(member_id: object) -> QuerySet[Sanction]:
    """The newest first."""
    return Sanction.objects.filter(member_id=member_id).select_related("created_by").order_by("-created_at")
