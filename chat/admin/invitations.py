from __future__ import annotations

from django.contrib import admin

from accounts.models import Invitation
from accounts.roles import Right
from chat.admin.pages import DeskAdmin


@admin.register(Invitation)
class InvitationAdmin(DeskAdmin):
    right = Right.INVITE
    list_display = ("email", "organization", "role", "created_at", "expires_at", "accepted_at", "revoked_at")
    list_filter = ("role",)
    list_select_related = ("organization",)
    search_fields = ("email",)
    fields = ("organization", "email", "role", "invited_by", "created_at", "expires_at", "accepted_at", "accepted_by")
    ordering = ("-created_at",)
