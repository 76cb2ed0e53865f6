"""The moderators' queue: a list to work through, and a page that shows a message where it was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from accounts.desk_scope import DeskRequest
from accounts.models import Member
from accounts.roles import Right
from chat.access import visible_reports
from chat.access.reports import UNDECIDED
from chat.actions.moderation import hide_message
from chat.actions.removed import reveal_reported
from chat.actions.report_decisions import update_report
from chat.admin.acts import Act, ActingAdmin, Offer
from chat.admin.members import MemberAdmin
from chat.admin.messages import MessageAdmin
from chat.admin.pages import Badge
from chat.admin.sanctions import sanctions_of
from chat.models import Message, Report

EARLIER: Final = 10  # reports and sanctions of the same author that are shown


class StateFilter(admin.SimpleListFilter):
    """Without a choice the list is the queue: what nobody has decided yet."""

    title, parameter_name = _("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", gettext("All")), *((value, str(label)) for value, label in Report.State.choices)]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": gettext("Waiting for a decision")}, *others]

    def queryset(self, request: HttpRequest, rows: QuerySet[Report]) -> QuerySet[Report]:
        if self.value() == "all" or "author__id__exact" in request.GET:
            return rows
        return rows.filter(state=self.value()) if self.value() else rows.filter(state__in=UNDECIDED)


class AssigneeFilter(admin.SimpleListFilter):
    title, parameter_name = _("assignee"), "assignee"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        mine = [("me", gettext("Me"))] if getattr(request, "member", None) is not None else []
        taken = Report.objects.filter(state=Report.State.IN_REVIEW).values("assignee")
        others = Member.objects.filter(pk__in=taken)[:50]
        return [*mine, ("nobody", gettext("Nobody")), *((str(other.pk), other.name) for other in others)]

    def queryset(self, request: HttpRequest, rows: QuerySet[Report]) -> QuerySet[Report]:
        value = self.value()
        if value == "me":
            return rows.filter(assignee=cast(DeskRequest, request).member)
        if value == "nobody":
            return rows.filter(assignee=None)
        known = {key for key, _ in self.lookup_choices}
        return rows.filter(assignee=UUID(value)) if value in known else rows


OUTCOMES: Final = [
    ("", _("Steps since the report was created")),
    *(choice for choice in Report.Outcome.choices if choice[0] != Report.Outcome.NO_ACTION),
]


def _take(actor: Member, report: Report, values: Mapping[str, Any]) -> None:
    update_report(actor, report.pk, state=Report.State.IN_REVIEW, assignee=actor.pk)


def _resolve(actor: Member, report: Report, values: Mapping[str, Any]) -> None:
    outcome = Report.Outcome(values["outcome"]) if values["outcome"] else None
    update_report(actor, report.pk, state=Report.State.RESOLVED, outcome=outcome, note=values["reason"])


def _dismiss(actor: Member, report: Report, values: Mapping[str, Any]) -> None:
    update_report(actor, report.pk, state=Report.State.DISMISSED, note=values["reason"])


@admin.register(Report)
class ReportAdmin(ActingAdmin):
    right = Right.MODERATE
    list_display = ("excerpt", "reason", "author", "where", "state_label", "assignee", "created_at")
    list_filter = (
        StateFilter,
        ("reason", ChoicesDropdownFilter),
        AssigneeFilter,
        ("author", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("author", "assignee", "conversation", "message")
    search_fields = ("comment", "author__name", "author__handle")
    ordering = ("created_at", "pk")
    acts = (
        Act(
            name="take",
            label=_("Take"),
            done=_("The report is assigned to you."),
            perform=_take,
            offered=lambda report: report.state == Report.State.OPEN,
            key="t",
            bulk=True,
            silent=True,
        ),
        Act(
            name="resolve",
            label=_("Resolve"),
            done=_("Resolved. The reporter sees the outcome."),
            perform=_resolve,
            offered=lambda report: not report.is_decided,
            fields={"outcome": forms.ChoiceField(choices=OUTCOMES, required=False)},
            hint=_("The reporter sees the outcome, but not the note and not who decided."),
            key="r",
            tone="main",
            bulk=True,
            reason=_("Note"),
        ),
        Act(
            name="dismiss",
            label=_("Dismiss"),
            done=_("Dismissed. The reporter is notified."),
            perform=_dismiss,
            offered=lambda report: not report.is_decided,
            hint=_("The message does not break any rule. The reporter is notified."),
            key="d",
            bulk=True,
            reason=_("Note"),
        ),
        Act(
            name="note",
            label=_("Add a note"),
            done=_("The note was added. Other moderators can read it."),
            perform=lambda actor, report, values: update_report(actor, report.pk, note=values["reason"]),
            key="n",
            reason=_("Note"),
        ),
        Act(
            name="reopen",
            label=_("Open again"),
            done=_("The report is open again."),
            perform=lambda actor, report, values: update_report(
                actor, report.pk, state=Report.State.OPEN, note=values["reason"]
            ),
            offered=lambda report: report.is_decided,
            reason=_("Note"),
        ),
        Act(
            name="hide-message",
            label=_("Hide the message"),
            done=_("The message was hidden from everybody."),
            perform=lambda actor, report, values: hide_message(actor, report.message_id, reason=values["reason"]),
            offered=lambda report: False,  # on the page the message has buttons of its own
            bulk=True,
        ),
    )

    def visible(self, request: DeskRequest, rows: QuerySet[Report]) -> QuerySet[Report]:
        """Nobody decides about themself, nor reads who complained of them."""
        return rows if request.member is None else rows.filter(pk__in=visible_reports(request.member).values("pk"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of a report. That it was read stands in the audit log."""
        report = cast("Report | None", self.get_object(request, object_id))
        if report is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            **_story(cast(DeskRequest, request), report),
            "opts": self.opts,
            "media": self.media,
            "title": report.get_reason_display(),
            "subtitle": gettext("Report"),
            "groups": self._groups(request, report, request.path),
            "following": self._following(request, report),
        }
        return TemplateResponse(request, "admin/chat/report.html", context)

    def _groups(self, request: HttpRequest, report: Report, here: str) -> list[tuple[str, Sequence[Offer], str]]:
        """What can be done: to the report, to the message, to who wrote it; and where one goes from there."""
        message_admin = cast(MessageAdmin, self.admin_site._registry[Message])  # noqa: SLF001  # no public name
        member_admin = cast(MemberAdmin, self.admin_site._registry[Member])  # noqa: SLF001
        message = report.message
        return [
            (gettext("Report"), self.offers(request, report), here),
            (gettext("Message"), message_admin.offers(request, message) if message is not None else [], here),
            (gettext("Author"), member_admin.offers(request, report.author), here),
        ]

    def _following(self, request: HttpRequest, report: Report) -> dict[str, str]:
        """Where k and j lead: the undecided reports before and after this one, in the order of the queue."""
        queue = self.get_queryset(request).filter(state__in=UNDECIDED).exclude(pk=report.pk)
        after = queue.filter(created_at__gte=report.created_at).order_by("created_at", "pk").first()
        before = queue.filter(created_at__lte=report.created_at).order_by("-created_at", "-pk").first()
        found = {"after": after, "before": before}
        return {name: reverse("admin:chat_report_change", args=[each.pk]) for name, each in found.items() if each}

    @display(description=_("message"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def excerpt(self, report: Report) -> str:
        if report.message is None:
            return gettext("No longer available")
        if report.message.hidden_at is not None:
            return gettext("Hidden")
        return Truncator(report.message.text).chars(70) or gettext("Deleted by its author")

    @display(description=_("where"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def where(self, report: Report) -> str:
        return str(report.conversation)

    @display(  # type: ignore[untyped-decorator]  # unfold is untyped
        description=_("state"),
        label={"open": "warning", "in_review": "info", "resolved": "success", "dismissed": "success"},
    )
    def state_label(self, report: Report) -> Badge:
        return Badge(report.state, report.get_state_display())


def _story(request: DeskRequest, report: Report) -> dict[str, Any]:
    """The message among those around it, and what there was with its author before."""
    context, revisions = reveal_reported(request.member or request.user, report, earlier=EARLIER)
    earlier = Report.objects.filter(author=report.author_id).exclude(pk=report.pk).select_related("message")
    return {
        "report": report,
        "message": report.message,
        "context": context,
        "revisions": revisions,
        "earlier": list(earlier.order_by("-created_at")[:EARLIER]),
        "sanctions": list(sanctions_of(report.author_id)[:EARLIER]),
        "notes": list(report.notes.select_related("author").order_by("pk")),
    }
