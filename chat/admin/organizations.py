from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet

from accounts.desk_scope import DeskRequest
from accounts.models import Organization
from accounts.roles import Right
from chat.admin.pages import DeskAdmin


@admin.register(Organization)
class OrganizationAdmin(DeskAdmin):
    right = Right.MODERATE
    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug")

    def visible(self, request: DeskRequest, rows: QuerySet[Organization]) -> QuerySet[Organization]:
        return rows if request.everywhere else rows.filter(pk=request.organization.pk)  # type: ignore[union-attr]
