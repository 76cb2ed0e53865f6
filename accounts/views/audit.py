from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.errors import Forbidden
from accounts.middleware import TenantRequest
from accounts.models import AuditEntry, Member
from accounts.roles import Right
from accounts.views.paging import page_of


@require_GET
def list_entries(request: TenantRequest, slug: str) -> HttpResponse:
    """The audit log of the organization, the newest first."""
    if not request.member.may(Right.READ_AUDIT_LOG):
        raise Forbidden
    page = page_of(request, AuditEntry.objects.order_by("-at", "-id"))
    people = Member.objects.in_bulk({entry.actor_id for entry in page if entry.actor_id})
    rows = [{"entry": entry, "actor": people.get(entry.actor_id), "changes": _changes(entry)} for entry in page]
    return render(request, "accounts/audit.html", {"page": page, "rows": rows})


def _changes(entry: AuditEntry) -> list[tuple[str, Any, Any]]:
    """`(field, before, after)` of every field that the entry speaks of."""
    before, after = entry.before or {}, entry.after or {}
    return [(field, before.get(field), after.get(field)) for field in dict.fromkeys([*before, *after])]
