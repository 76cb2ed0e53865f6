"""Every address. Probes and metrics are answered before routing, by config/health.py."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from accounts.api.urls import urlpatterns as accounts_api
from chat.api.urls import urlpatterns as chat_api

handler404 = "accounts.rest.exceptions.not_found"
handler429 = "accounts.problems.too_often"
handler500 = "accounts.rest.exceptions.failed"

urlpatterns = [
    path("", include(([*accounts_api, *chat_api], "api"))),
    path("", include("accounts.urls")),
    path("", include("chat.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
