"""Every address. Probes and metrics are answered before routing, by config/health.py."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

handler404 = "chat.api.problems.not_found"
handler429 = "accounts.problems.too_often"
handler500 = "chat.api.problems.failed"

urlpatterns = [
    path("", include("chat.api.urls")),
    path("", include("accounts.urls")),
    path("", include("chat.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
