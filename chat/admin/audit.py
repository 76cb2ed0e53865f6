"""The audit log on the admin site: its filters, its list, and its export as a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import TextFilter
from unfold.decorators import display

from accounts.audit import record
from accounts.audit_export import FORMATS, Format, export_response
from accounts.models import AuditEntry, Member
from accounts.roles import Right
from chat.admin.pages import DeskAdmin


class _Typed(TextFilter):  # type: ignore[misc]  # unfold is untyped
    """A filter with a field to type in; nonsense in it finds nothing."""

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        value = (self.value() or "").replace("\x00", "").strip()
        return self.narrow(rows, value) if value else rows

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        raise NotImplementedError


class ActionFilter(_Typed):
    title, parameter_name = _("action (or its beginning)"), "action"

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(action__startswith=value.lower())


class ActorFilter(_Typed):
    title, parameter_name = _("actor (handle, name or id)"), "actor"

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        named = Q(handle=value.lstrip("@").lower()) | Q(name__iexact=value)
        by_id = Q(actor_id=_uuid(value)) if _uuid(value) else Q(pk__in=[])
        return rows.filter(by_id | Q(actor_id__in=Member.objects.filter(named).values("pk")))


class TargetTypeFilter(_Typed):
    title, parameter_name = _("type of target (member, message, …)"), "target_type"

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(target_type=value.lower())


class TargetFilter(_Typed):
    title, parameter_name = _("target (id)"), "target_id"

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(target_id=value)


class SinceFilter(_Typed):
    title, parameter_name = _("day, from (2026-01-31)"), "since"

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        day = _day(value, time.min)
        return rows.filter(at__gte=day) if day else rows.none()


class UntilFilter(_Typed):
    title, parameter_name = _("day, to (2026-02-28)"), "until"

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        day = _day(value, time.max)
        return rows.filter(at__lte=day) if day else rows.none()


@admin.register(AuditEntry)
class AuditEntryAdmin(DeskAdmin):
    """What was done, by whom, to what: filtered, and taken away as a file."""

    right = Right.READ_AUDIT_LOG
    list_display = ("at", "action", "actor", "target", "reason", "address")
    list_filter = (ActionFilter, ActorFilter, TargetTypeFilter, TargetFilter, SinceFilter, UntilFilter)
    list_filter_submit = True
    list_display_links = ("at",)
    list_before_template = "admin/accounts/auditentry/export.html"
    ordering = ("-at", "-id")
    fields = (
        *("at", "action", "actor", "target", "changes", "reason"),
        *("address", "user_agent", "request_id", "organization_id", "user_id"),
    )
    readonly_fields: ClassVar[tuple[str, ...]] = ("actor", "target", "changes")

    def get_urls(self) -> list[URLPattern]:
        export = path("export/<str:name>", self.admin_site.admin_view(self.export), name="accounts_auditentry_export")
        return [export, *super().get_urls()]

    def export(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """The entries that the list's filters leave, newest first, as a file. That is itself recorded."""
        from django.core.exceptions import PermissionDenied
        from django.http import Http404

        if not self.has_view_permission(request):
            raise PermissionDenied
        if name not in FORMATS:
            raise Http404
        rows = self.get_changelist_instance(request).get_queryset(request)
        desk: Any = request
        record(
            "audit.exported",
            actor=desk.member or desk.user,
            target=desk.organization,
            after={"format": name, "filters": dict(request.GET.items())},
        )
        return export_response(rows, Format(name), asynchronous=hasattr(request, "scope"))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changes = super().get_changelist_instance(request)
        if hasattr(changes, "result_list"):
            _name_actors(changes.result_list)
        return changes

    @display(description=_("actor"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def actor(self, entry: AuditEntry) -> str:
        if not hasattr(entry, "actor_name"):
            _name_actors([entry])
        return str(getattr(entry, "actor_name", ""))

    @display(description=_("target"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def target(self, entry: AuditEntry) -> str:
        if not entry.target_type:
            return "–"
        query = f"?target_type={entry.target_type}&target_id={entry.target_id}"
        return format_html('<a href="{}" class="desk-mono">{} {}</a>', query, entry.target_type, entry.target_id[-12:])

    @display(description=_("before and after"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def changes(self, entry: AuditEntry) -> str:
        before, after = entry.before or {}, entry.after or {}
        names = dict.fromkeys([*before, *after])
        return "\n".join(f"{name}: {before.get(name, '–')} → {after.get(name, '–')}" for name in names) or "–"


def _name_actors(entries: Iterable[Any]) -> None:
    rows = list(entries)
    people = Member.objects.in_bulk({entry.actor_id for entry in rows if entry.actor_id})
    for entry in rows:
        entry.actor_name = _actor_name(entry, people.get(entry.actor_id))


def _actor_name(entry: AuditEntry, person: Member | None) -> str:
    if person is not None:
        return str(person)
    return gettext("staff") if entry.user_id and not entry.actor_id else gettext("system")


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


def _day(value: str, at: time) -> datetime | None:
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(value), at))
    except ValueError:
        return None
