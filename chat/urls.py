from __future__ import annotations

from django.urls import path
from django.views.decorators.gzip import gzip_page
from django.views.i18n import JavaScriptCatalog

from chat import manage, views
from chat.realtime import schema

app_name = "chat"

urlpatterns = [
    path("api/v1/schema/socket", schema.frames, name="frames"),
    # The same for everybody and without secrets, so compressing it reveals nothing.
    path("strings.js", gzip_page(JavaScriptCatalog.as_view(packages=["chat"])), name="strings"),
    path("o/<slug:slug>/", views.home, name="home"),
    path("o/<slug:slug>/manage/channels", manage.list_channels, name="manage_channels"),
    path("o/<slug:slug>/manage/channels/<uuid:conversation_id>/change", manage.change_channel, name="change_channel"),
    path(
        "o/<slug:slug>/manage/channels/<uuid:conversation_id>/archive", manage.archive_channel, name="archive_channel"
    ),
    path("o/<slug:slug>/desk", manage.open_desk, name="desk"),
    path("o/<slug:slug>/search", views.home, name="search"),
    path("o/<slug:slug>/mentions", views.home, name="mentions"),
    path("o/<slug:slug>/people", views.home, name="people"),
    path("o/<slug:slug>/c/<uuid:conversation_id>", views.conversation, name="conversation"),
    path("o/<slug:slug>/c/<uuid:conversation_id>/<int:seq>", views.conversation, name="message"),
]
