"""The pages about people. `/accounts/…` is one's own account, `/o/<slug>/manage/…` the organization's."""

from __future__ import annotations

from django.urls import path, re_path

from accounts.views import audit, email_addresses, home, invitations, join, members, organizations, sessions, tokens

MANAGE = "o/<slug:slug>/manage"

urlpatterns = [
    path("", home.home, name="home"),
    path("organizations/new", home.found_organization, name="found_organization"),
    path("accounts/signup/", home.FoundingView.as_view(), name="account_signup"),  # in place of allauth's
    re_path(  # in place of allauth's
        r"^accounts/confirm-email/(?P<key>[-:\w]+)/$",
        email_addresses.ConfirmAddressView.as_view(),
        name="account_confirm_email",
    ),
    path("join/<str:secret>", join.JoinView.as_view(), name="join"),
    path("accounts/sessions/", sessions.list_sessions, name="usersessions_list"),  # in place of allauth's
    path("accounts/sessions/end", sessions.end_all, name="end_sessions"),
    path("accounts/sessions/<int:session_id>/end", sessions.end, name="end_session"),
    path("accounts/tokens", tokens.list_tokens, name="tokens"),
    path("accounts/tokens/<uuid:token_id>/revoke", tokens.revoke, name="revoke_token"),
    path("o/<slug:slug>/profile", members.edit_profile, name="profile"),
    path("o/<slug:slug>/leave", members.leave, name="leave_organization"),
    path(f"{MANAGE}/members", members.list_members, name="manage_members"),
    path(f"{MANAGE}/members/<uuid:member_id>/role", members.set_role, name="set_role"),
    path(f"{MANAGE}/members/<uuid:member_id>/deactivate", members.deactivate, name="deactivate_member"),
    path(f"{MANAGE}/members/<uuid:member_id>/reactivate", members.reactivate, name="reactivate_member"),
    path(f"{MANAGE}/invitations", invitations.list_invitations, name="manage_invitations"),
    path(f"{MANAGE}/invitations/<uuid:invitation_id>/revoke", invitations.revoke, name="revoke_invitation"),
    path(f"{MANAGE}/invitations/<uuid:invitation_id>/link", invitations.show_link, name="show_invitation_link"),
    path(f"{MANAGE}/settings", organizations.edit_settings, name="manage_settings"),
    path(f"{MANAGE}/audit", audit.list_entries, name="manage_audit"),
]
