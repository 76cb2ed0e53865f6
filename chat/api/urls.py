from __future__ import annotations

from django.urls import path

from chat.api import (
    clients,
    conversations,
    me,
    members,
    mentions,
    messages,
    participants,
    pins,
    presence,
    previews,
    reactions,
    read,
    reports,
    schema,
    search,
    sync,
    tokens,
)

app_name = "api"

C = "o/<slug:slug>/api/v1/conversations/<uuid:conversation_id>"
M = "o/<slug:slug>/api/v1/messages/<uuid:message_id>"

urlpatterns = [
    path("api/v1/tokens", tokens.TokenList.as_view(), name="tokens"),
    path("api/v1/tokens/current", tokens.TokenCurrent.as_view(), name="token_current"),
    path("api/v1/tokens/<uuid:token_id>", tokens.TokenDetail.as_view(), name="token"),
    path("api/v1/me", me.MeDetail.as_view(), name="me"),
    path("api/v1/schema", schema.SchemaView.as_view(), name="schema"),
    path("api/v1/docs", schema.SchemaPage.as_view(url_name="api:schema"), name="docs"),
    path("o/<slug:slug>/api/v1/clients", clients.ClientList.as_view(), name="clients"),
    path("o/<slug:slug>/api/v1/clients/<uuid:client_id>", clients.ClientDetail.as_view(), name="client"),
    path("o/<slug:slug>/api/v1/clients/<uuid:client_id>/close", clients.ClientClose.as_view(), name="client_close"),
    path(
        "o/<slug:slug>/api/v1/clients/<uuid:client_id>/sign-out",
        clients.ClientSignOut.as_view(),
        name="client_sign_out",
    ),
    path("o/<slug:slug>/api/v1/conversations", conversations.ConversationList.as_view(), name="conversations"),
    path(C, conversations.ConversationDetail.as_view(), name="conversation"),
    path(f"{C}/join", conversations.ConversationJoin.as_view(), name="join"),
    path(f"{C}/leave", conversations.ConversationLeave.as_view(), name="leave"),
    path(f"{C}/archive", conversations.ConversationArchive.as_view(), name="archive"),
    path(f"{C}/read", read.ReadDetail.as_view(), name="read"),
    path(f"{C}/participants", participants.ParticipantList.as_view(), name="participants"),
    path(f"{C}/participants/<uuid:member_id>", participants.ParticipantDetail.as_view(), name="participant"),
    path(f"{C}/preview", previews.ConversationPreview.as_view(), name="preview"),
    path(f"{C}/pins", pins.PinList.as_view(), name="pins"),
    path(f"{C}/messages", messages.MessageList.as_view(), name="messages"),
    path(M, messages.MessageDetail.as_view(), name="message"),
    path(f"{M}/pin", pins.PinDetail.as_view(), name="pin"),
    path(f"{M}/thread", messages.MessageThread.as_view(), name="thread"),
    path(f"{M}/revisions", messages.MessageRevisions.as_view(), name="revisions"),
    path(f"{M}/report", reports.MessageReport.as_view(), name="report"),
    path(f"{M}/reactions/<str:emoji>", reactions.ReactionDetail.as_view(), name="reaction"),
    path("o/<slug:slug>/api/v1/members", members.MemberList.as_view(), name="members"),
    path("o/<slug:slug>/api/v1/members/me", members.OwnMember.as_view(), name="own_member"),
    path("o/<slug:slug>/api/v1/members/<uuid:member_id>", members.MemberDetail.as_view(), name="member"),
    path("o/<slug:slug>/api/v1/mentions", mentions.MentionList.as_view(), name="mentions"),
    path("o/<slug:slug>/api/v1/presence", presence.PresenceList.as_view(), name="presence"),
    path("o/<slug:slug>/api/v1/sync", sync.SyncDetail.as_view(), name="sync"),
    path("o/<slug:slug>/api/v1/search", search.SearchList.as_view(), name="search"),
]
