from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet

from accounts.desk_scope import DeskRequest
from accounts.models import ApiToken, Member
from chat.admin.pages import DeskAdmin


@admin.register(ApiToken)
class ApiTokenAdmin(DeskAdmin):
    list_display = ("label", "user", "created_at", "expires_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("label", "user__email")
    fields = ("label", "user", "created_at", "expires_at", "last_used_at")
    ordering = ("-created_at",)

    def visible(self, request: DeskRequest, rows: QuerySet[ApiToken]) -> QuerySet[ApiToken]:
        if request.organization is None:
            return rows
        return rows.filter(user__in=Member.objects.values("user"))
