"""The staff's view of accounts. Staff see every organization; the middleware opens that scope for this site only."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from accounts.models import ApiToken, AuditEntry, Invitation, Member, Organization, User

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # one door, with its rate limits


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Looked at here; changed by the actions alone, which check, record and tell."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    exclude = ("password",)


@admin.register(Organization)
class OrganizationAdmin(ReadOnlyAdmin):
    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug")


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    list_display = ("name", "handle", "organization", "role", "joined_at", "deactivated_at")
    list_filter = ("role",)
    list_select_related = ("organization",)
    search_fields = ("name", "handle", "user__email", "organization__slug")


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ("email", "organization", "role", "created_at", "expires_at", "accepted_at", "revoked_at")
    list_select_related = ("organization",)
    search_fields = ("email", "organization__slug")
    exclude = ("secret_hash",)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ("label", "user", "created_at", "expires_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("label", "user__email")
    exclude = ("secret_hash",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "action", "organization_id", "actor_id", "user_id", "target_type", "target_id", "address")
    list_filter = ("action",)
    search_fields: ClassVar[tuple[str, ...]] = ("action", "target_id", "request_id")
    show_full_result_count = False  # counting millions of rows for a line of text
