from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet

from accounts.desk_scope import DeskRequest
from accounts.models import Member, User
from chat.admin.pages import DeskAdmin


@admin.register(User)
class UserAdmin(DeskAdmin):
    """Persons belong to no organization, so they are for the staff of the installation alone."""

    list_display = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    fields = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    ordering = ("-date_joined",)

    def visible(self, request: DeskRequest, rows: QuerySet[User]) -> QuerySet[User]:
        if request.organization is None:
            return rows
        return rows.filter(pk__in=Member.objects.values("user"))
