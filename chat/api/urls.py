"""The addresses of the REST API about the chat: those below, and the `urlpatterns` that a module of this package has.

A new noun declares its addresses in its own module.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from django.urls import URLPattern, path

from chat import api
from chat.api import (
    clients,
    conversations,
    members,
    mentions,
    messages,
    moderation,
    organizations,
    participants,
    pins,
    presence,
    previews,
    reactions,
    read,
    receipts,
    reports,
    sanctions,
    search,
    sync,
)

C = "o/<slug:slug>/api/v1/conversations/<uuid:conversation_id>"
M = "o/<slug:slug>/api/v1/messages/<uuid:message_id>"
P = "o/<slug:slug>/api/v1/members/<uuid:member_id>"
ME = "o/<slug:slug>/api/v1/members/me"

urlpatterns: list[URLPattern] = [
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
    path(f"{M}/hide", moderation.MessageHide.as_view(), name="hide"),
    path(f"{M}/restore", moderation.MessageRestore.as_view(), name="restore"),
    path(f"{M}/remove", moderation.MessageRemove.as_view(), name="remove"),
    path(f"{M}/original", moderation.MessageOriginal.as_view(), name="original"),
    path(f"{M}/receipts", receipts.MessageReceipts.as_view(), name="receipts"),
    path(f"{M}/reactions/<str:emoji>", reactions.ReactionDetail.as_view(), name="reaction"),
    path("o/<slug:slug>/api/v1/members", members.MemberList.as_view(), name="members"),
    path("o/<slug:slug>/api/v1/members/me", members.OwnMember.as_view(), name="own_member"),
    path(f"{ME}/sanctions", sanctions.OwnSanctionList.as_view(), name="own_sanctions"),
    path(
        f"{ME}/sanctions/<uuid:sanction_id>/acknowledge",
        sanctions.SanctionAcknowledge.as_view(),
        name="acknowledge_sanction",
    ),
    path(f"{ME}/reports", reports.OwnReportList.as_view(), name="own_reports"),
    path(f"{ME}/reports/<uuid:report_id>/acknowledge", reports.ReportAcknowledge.as_view(), name="acknowledge_report"),
    path("o/<slug:slug>/api/v1/members/<uuid:member_id>", members.MemberDetail.as_view(), name="member"),
    path(f"{P}/warn", sanctions.MemberWarn.as_view(), name="warn"),
    path(f"{P}/mute", sanctions.MemberMute.as_view(), name="mute"),
    path(f"{P}/suspend", sanctions.MemberSuspend.as_view(), name="suspend"),
    path(f"{P}/lift", sanctions.MemberLift.as_view(), name="lift"),
    path("o/<slug:slug>/api/v1/sanctions", sanctions.SanctionList.as_view(), name="sanctions"),
    path("o/<slug:slug>/api/v1/reports", reports.ReportList.as_view(), name="reports"),
    path("o/<slug:slug>/api/v1/reports/<uuid:report_id>", reports.ReportDetail.as_view(), name="report_detail"),
    path("o/<slug:slug>/api/v1/organization", organizations.OrganizationDetail.as_view(), name="organization"),
    path("o/<slug:slug>/api/v1/mentions", mentions.MentionList.as_view(), name="mentions"),
    path("o/<slug:slug>/api/v1/presence", presence.PresenceList.as_view(), name="presence"),
    path("o/<slug:slug>/api/v1/sync", sync.SyncDetail.as_view(), name="sync"),
    path("o/<slug:slug>/api/v1/search", search.SearchList.as_view(), name="search"),
]

for _module in pkgutil.iter_modules(api.__path__, f"{api.__name__}."):
    if _module.name != __name__:
        urlpatterns += getattr(import_module(_module.name), "urlpatterns", [])
