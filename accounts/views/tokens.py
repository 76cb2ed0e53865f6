from __future__ import annotations

from typing import cast
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import Refusal
from accounts.forms.base import add_refusal
from accounts.forms.tokens import TokenForm
from accounts.models import User
from accounts.sign_in.owner_mail import notify_owner
from accounts.tokens import find_own_token, issue_token, live_tokens, revoke_token
from accounts.views.rights import signed_in


@signed_in
@reauthentication_required(app="allauth.account", allow_get=True)  # type: ignore[untyped-decorator]  # allauth is untyped
@require_http_methods(["GET", "HEAD", "POST"])
def list_tokens(request: HttpRequest) -> HttpResponse:
    """The user's tokens; a POST makes one, whose secret is in that answer and nowhere else."""
    user, secret = cast(User, request.user), ""
    form = TokenForm(request.POST or None)
    if form.is_valid():
        try:
            _token, secret = issue_token(user, label=form.cleaned_data["label"])
            form = TokenForm()
            notify_owner(request, user, "accounts/email/token_issued")
        except Refusal as refusal:
            add_refusal(form, refusal)
    tokens = live_tokens(user).order_by("-created_at")
    return render(request, "accounts/tokens.html", {"tokens": tokens, "form": form, "secret": secret})


@signed_in
@require_POST
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    revoke_token(find_own_token(cast(User, request.user), token_id))
    messages.success(request, _("The token was revoked."))
    return redirect("tokens")
