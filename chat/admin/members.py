from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from accounts.desk_scope import may_look
from accounts.models import Member
from accounts.roles import Right
from chat.actions.sanctions import lift_sanction, mute_member, suspend_member, warn_member
from chat.admin.acts import PERIODS, Act, ActingAdmin, end_of, period_field
from chat.admin.pages import Badge
from chat.models import Client, Report, Sanction
from chat.models.statuses import Status


class StandingFilter(admin.SimpleListFilter):
    title, parameter_name = _("standing"), "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("active", gettext("Active")),
            ("muted", gettext("Muted")),
            ("suspended", gettext("Suspended")),
            ("former", gettext("Former")),
        ]

    def queryset(self, request: HttpRequest, rows: QuerySet[Member]) -> QuerySet[Member]:
        wanted: dict[str, dict[str, Any]] = {
            "active": {"deactivated_at": None},
            "muted": {"muted_until__gt": timezone.now()},
            "suspended": {"suspended_at__isnull": False},
            "former": {"deactivated_at__isnull": False, "suspended_at": None},
        }
        return rows.filter(**wanted.get(self.value() or "", {}))


@admin.register(Member)
class MemberAdmin(ActingAdmin):
    """The people of an organization, and what moderators have to do with them."""

    right = Right.MODERATE
    list_display = ("name", "at_handle", "role", "standing", "organization", "joined_at")
    list_filter = (("role", ChoicesDropdownFilter), StandingFilter)
    list_filter_submit = True
    list_select_related = ("organization",)
    search_fields = ("name", "handle")
    ordering = ("name", "pk")
    acts = (
        Act(
            name="warn",
            label=_("Warn"),
            done=_("The member was warned."),
            perform=lambda actor, subject, values: warn_member(actor, subject.pk, reason=values["reason"]),
            offered=lambda subject: subject.is_active,
            hint=_("The member reads the reason. Nobody else does."),
            key="w",
        ),
        Act(
            name="mute",
            label=_("Mute"),
            done=_("The member can read but not write until the mute ends or is lifted."),
            perform=lambda actor, subject, values: mute_member(
                actor, subject.pk, reason=values["reason"], until=cast(datetime, end_of(values["period"]))
            ),
            offered=lambda subject: subject.is_active and not subject.is_muted,
            fields={"period": period_field(PERIODS[:-1])},
            hint=_("The member can still read, and sees the reason."),
            key="m",
        ),
        Act(
            name="suspend",
            label=_("Suspend"),
            done=_("The member was suspended and signed out everywhere."),
            perform=lambda actor, subject, values: suspend_member(
                actor, subject.pk, reason=values["reason"], until=end_of(values["period"])
            ),
            offered=lambda subject: subject.is_active,
            fields={"period": period_field(PERIODS)},
            hint=_("All connections, clients and undelivered messages of the member end immediately."),
            key="s",
            tone="danger",
        ),
        Act(
            name="unmute",
            label=_("Lift the mute"),
            done=_("The member can write again."),
            perform=lambda actor, subject, values: lift_sanction(
                actor, subject.pk, kind=Sanction.Kind.MUTE, reason=values["reason"]
            ),
            offered=lambda subject: subject.is_muted,
        ),
        Act(
            name="unsuspend",
            label=_("Lift the suspension"),
            done=_("The member can sign in again."),
            perform=lambda actor, subject, values: lift_sanction(
                actor, subject.pk, kind=Sanction.Kind.SUSPENSION, reason=values["reason"]
            ),
            offered=lambda subject: subject.is_suspended,
        ),
    )
    readonly_fields = ("standing", "at_handle", "status", "email", "devices", "reports", "sanctions")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        one = not getattr(request, "everywhere", False)
        return tuple(name for name in self.list_display if not (one and name == "organization"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Addresses and devices are for those who invite and deactivate people; a moderator has no use for them."""
        private = ("email", "devices") if may_look(request, Right.DEACTIVATE_MEMBERS) else ()
        return (
            *("name", "at_handle", "title", "status", "role", "standing", "joined_at", "deactivated_at"),
            *("suspended_until", "muted_until", "reports", "sanctions"),
            *private,
        )

    @display(description=_("handle"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def at_handle(self, member: Member) -> str:
        return f"@{member.handle}"

    @display(description=_("status"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def status(self, member: Member) -> str:
        """Return the emoji and the text, empty once their time is over."""
        status = Status.objects.filter(member=member).exclude(until__lte=timezone.now()).first()
        return f"{status.emoji} {status.text}".strip() if status else ""

    @display(description=_("e-mail"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def email(self, member: Member) -> str:
        return member.user.email

    @display(  # type: ignore[untyped-decorator]  # unfold is untyped
        description=_("standing"),
        label={"active": "success", "muted": "warning", "suspended": "danger", "former": "info"},
    )
    def standing(self, member: Member) -> Badge:
        if member.is_suspended:
            return Badge("suspended", gettext("Suspended"))
        if not member.is_active:
            return Badge("former", gettext("Former"))
        return Badge("muted", gettext("Muted")) if member.is_muted else Badge("active", gettext("Active"))

    @display(description=_("clients"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def devices(self, member: Member) -> str:
        return _link("chat_client", "member__id__exact", member, Client.objects.filter(member=member).count())

    @display(description=_("reports about the member"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def reports(self, member: Member) -> str:
        return _link("chat_report", "author__id__exact", member, Report.objects.filter(author=member).count())

    @display(description=_("sanctions"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def sanctions(self, member: Member) -> str:
        return _link("chat_sanction", "member__id__exact", member, Sanction.objects.filter(member=member).count())


def _link(list_name: str, parameter: str, member: Member, count: int) -> str:
    address = f"{reverse(f'admin:{list_name}_changelist')}?{parameter}={member.pk}"
    return cast(str, format_html('<a href="{}">{}</a>', address, count))
