from __future__ import annotations

from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.errors import Forbidden
from accounts.forms import AuditFilter
from accounts.middleware import TenantRequest
from accounts.models import AuditEntry, Member
from accounts.roles import Right
from accounts.views.paging import page_of

PEOPLE: Final = 50  # of a name that many bear


@require_GET
def list_entries(request: TenantRequest, slug: str) -> HttpResponse:
    """The audit log of the organization, the newest first, narrowed by what was done, by whom and when."""
    if not request.member.may(Right.READ_AUDIT_LOG):
        raise Forbidden
    form = AuditFilter(request.GET)
    entries = _chosen(form) if form.is_valid() else AuditEntry.objects.none()
    page = page_of(request, entries.order_by("-at", "-id"))
    people = Member.objects.in_bulk({entry.actor_id for entry in page if entry.actor_id})
    rows = [{"entry": entry, "actor": people.get(entry.actor_id), "changes": _changes(entry)} for entry in page]
    return render(request, "accounts/audit.html", {"page": page, "rows": rows, "form": form})


def _chosen(form: AuditFilter) -> QuerySet[AuditEntry]:
    entries: QuerySet[AuditEntry] = AuditEntry.objects.all()
    wanted = form.cleaned_data
    if wanted["q"]:
        entries = entries.filter(Q(action__icontains=wanted["q"]) | Q(reason__icontains=wanted["q"]))
    if wanted["by"]:
        by = Member.objects.filter(directory__contains=wanted["by"].lower()).values_list("pk", flat=True)
        entries = entries.filter(actor_id__in=list(by[:PEOPLE]))
    if wanted["since"]:
        entries = entries.filter(at__date__gte=wanted["since"])
    if wanted["until"]:
        entries = entries.filter(at__date__lte=wanted["until"])
    return entries


def _changes(entry: AuditEntry) -> list[tuple[str, Any, Any]]:
    """`(field, before, after)` of every field that the entry speaks of."""
    before, after = entry.before or {}, entry.after or {}
    return [(field, before.get(field), after.get(field)) for field in dict.fromkeys([*before, *after])]
