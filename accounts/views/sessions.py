from __future__ import annotations

from typing import cast

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.actions import end_session, sign_out_everywhere
from accounts.models import User
from accounts.user_agents import browser_name
from accounts.views.rights import signed_in


@signed_in
@require_GET
def list_sessions(request: HttpRequest) -> HttpResponse:
    """The browsers in which the user is signed in, the newest first."""
    sessions = UserSession.objects.purge_and_list(request.user)
    sessions.sort(key=lambda session: session.created_at, reverse=True)
    rows = [(session, browser_name(session.user_agent)) for session in sessions]
    return render(request, "accounts/sessions.html", {"rows": rows})


@signed_in
@require_POST
def end(request: HttpRequest, session_id: int) -> HttpResponse:
    end_session(cast(User, request.user), session_id=session_id)
    messages.success(request, _("The browser was signed out."))
    return redirect("usersessions_list")


@signed_in
@require_POST
def end_all(request: HttpRequest) -> HttpResponse:
    sign_out_everywhere(cast(User, request.user))
    logout(request)
    messages.success(request, _("You were signed out everywhere and all your API tokens were revoked."))
    return redirect("account_login")
