"""Joining by an invitation's link: with the account one is signed in to, or with a new one."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.internal.flows.signup import complete_signup
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters

from accounts.actions import accept_invitation
from accounts.actions.invitations import invitation_state, is_for
from accounts.credentials import hash_secret
from accounts.errors import NotFound, Refusal
from accounts.forms.base import add_refusal
from accounts.forms.sign_up import NameForm
from accounts.models import Invitation, User
from accounts.paths import organization_path
from accounts.sign_in.adapters import AccountAdapter
from accounts.sign_in.policy import must_confirm
from accounts.sign_in.without_page import consume_rate
from accounts.tenancy import invitation_by_hash, member_of


@method_decorator([sensitive_post_parameters("password1")], name="dispatch")
class JoinView(View):
    """`/join/<secret>`. A link that leads nowhere is a 404; one that is used, withdrawn or expired says so."""

    def get(self, request: HttpRequest, secret: str) -> HttpResponse:
        invitation = _find(secret)
        if (path := _path_of_member(request, invitation)) is not None:
            return redirect(path)
        form = None if request.user.is_authenticated else _form(invitation)
        return _page(request, invitation, form)

    def post(self, request: HttpRequest, secret: str) -> HttpResponse:
        invitation = _find(secret)
        if not request.user.is_authenticated:
            return self.sign_up(request, invitation, secret)
        try:
            member = accept_invitation(request.user, secret, session_key=request.session.session_key or "")
        except Refusal as refusal:
            return _page(request, invitation, None, refusal=refusal)
        return redirect(organization_path(member.organization.slug))

    def sign_up(self, request: HttpRequest, invitation: Invitation, secret: str) -> HttpResponse:
        """A new account and its membership, in one transaction.

        Where an address has to be confirmed and the link does not prove it, the membership waits for that: the account
        comes back to this page when its address is confirmed. Who has an account learns it by mail alone.
        """
        consume_rate(request, action="signup")
        form = _form(invitation, request.POST)
        if invitation_state(invitation) != "pending" or not form.is_valid():
            return _page(request, invitation, form)
        if must_confirm() and not form.proves_address:
            user, response = form.try_save(request)
            return cast(HttpResponse, response or complete_signup(request, user=user, redirect_url=request.path))
        try:
            with transaction.atomic():
                user = _save(request, form)
                member = accept_invitation(user, secret)
        except Refusal as refusal:
            add_refusal(form, refusal)
            return _page(request, invitation, form, refusal=refusal)
        path = organization_path(member.organization.slug)
        return cast(HttpResponse, complete_signup(request, user=user, redirect_url=path))


def _find(secret: str) -> Invitation:
    invitation = invitation_by_hash(hash_secret(secret))
    if invitation is None:
        raise NotFound
    return invitation


def _form(invitation: Invitation, data: Any = None) -> NameForm:
    """With the address of the invitation written in, which no form can change."""
    if data is not None and invitation.email:
        data = {**data.dict(), "email": invitation.email}
    form = NameForm(data)
    form.proves_address = bool(invitation.email) and invitation.proves_address
    if invitation.email:
        form.fields["email"].initial = invitation.email
        form.fields["email"].widget.attrs["readonly"] = True
    return form


def _save(request: HttpRequest, form: NameForm) -> User:
    if form.proves_address:
        AccountAdapter(request).stash_verified_email(request, form.cleaned_data["email"])
    return cast(User, form.save(request))


def _path_of_member(request: HttpRequest, invitation: Invitation) -> str | None:
    if not request.user.is_authenticated:
        return None
    member = member_of(request.user, invitation.organization.slug)
    return organization_path(invitation.organization.slug) if member else None


def _page(
    request: HttpRequest, invitation: Invitation, form: NameForm | None, *, refusal: Refusal | None = None
) -> HttpResponse:
    state = invitation_state(invitation)
    user = request.user if request.user.is_authenticated else None
    context = {
        "invitation": invitation,
        "state": state,
        "form": form,
        "refusal": refusal,
        "is_mine": user is not None and is_for(invitation, user),
    }
    status = refusal.status if refusal else 200 if state == "pending" else 410
    return render(request, "accounts/join.html", context, status=status)
