from __future__ import annotations

from typing import Final

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.audit_text import actions_saying, lines_of
from accounts.forms.filters import AuditFilter
from accounts.middleware import TenantRequest
from accounts.models import AuditEntry, Member
from accounts.roles import Right
from accounts.views.paging import page_of
from accounts.views.rights import require_right

PEOPLE: Final = 50  # of a name that many bear


@require_GET
def list_entries(request: TenantRequest, slug: str) -> HttpResponse:
    """The audit log of the organization, the newest first, narrowed by what was done, by whom and when."""
    require_right(request.member, Right.READ_AUDIT_LOG)
    form = AuditFilter(request.GET)
    entries = _chosen(form) if form.is_valid() else AuditEntry.objects.none()
    page = page_of(request, entries.order_by("-at", "-id"))
    lines = lines_of(request.member, page)
    return render(request, "accounts/audit.html", {"page": page, "lines": lines, "form": form})


def _chosen(form: AuditFilter) -> QuerySet[AuditEntry]:
    entries: QuerySet[AuditEntry] = AuditEntry.objects.all()
    wanted = form.cleaned_data
    if wanted["q"]:
        meant = Q(action__icontains=wanted["q"]) | Q(action__in=actions_saying(wanted["q"]))
        entries = entries.filter(meant | Q(reason__icontains=wanted["q"]))
    if wanted["by"]:
        by = Member.objects.filter(directory__contains=wanted["by"].lower()).values_list("pk", flat=True)
        entries = entries.filter(actor_id__in=list(by[:PEOPLE]))
    if wanted["since"]:
        entries = entries.filter(at__date__gte=wanted["since"])
    if wanted["until"]:
        entries = entries.filter(at__date__lte=wanted["until"])
    return entries
