from __future__ import annotations

from django.urls import path
from django.views.i18n import JavaScriptCatalog

from chat import views
from chat.realtime import schema

app_name = "chat"

urlpatterns = [
    path("api/v1/schema/socket", schema.frames, name="frames"),
    path("strings.js", JavaScriptCatalog.as_view(packages=["chat"]), name="strings"),
    path("o/<slug:slug>/", views.home, name="home"),
    path("o/<slug:slug>/search", views.home, name="search"),
    path("o/<slug:slug>/mentions", views.home, name="mentions"),
    path("o/<slug:slug>/people", views.home, name="people"),
    path("o/<slug:slug>/c/<uuid:conversation_id>", views.conversation, name="conversation"),
    path("o/<slug:slug>/c/<uuid:conversation_id>/<int:seq>", views.conversation, name="message"),
]
