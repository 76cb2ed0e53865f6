"""The addresses of the REST API about accounts, and those of its description."""

from __future__ import annotations

from django.urls import path

from accounts.api import audit, me, tokens
from accounts.rest import documentation

urlpatterns = [
    path("api/v1/tokens", tokens.TokenList.as_view(), name="tokens"),
    path("api/v1/tokens/current", tokens.TokenCurrent.as_view(), name="token_current"),
    path("api/v1/tokens/<uuid:token_id>", tokens.TokenDetail.as_view(), name="token"),
    path("api/v1/me", me.MeDetail.as_view(), name="me"),
    path("api/v1/schema", documentation.schema, name="schema"),
    path("api/v1/docs", documentation.SchemaPage.as_view(url_name="api:schema"), name="docs"),
    path("o/<slug:slug>/api/v1/audit", audit.AuditList.as_view(), name="audit"),
]
