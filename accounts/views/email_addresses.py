"""Confirming an e-mail address by the link that was mailed to it."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.forms import default_token_generator
from allauth.account.internal.constants import LoginStageKey
from allauth.account.stages import LoginStageController
from allauth.account.utils import user_pk_to_url_str
from allauth.account.views import INTERNAL_RESET_SESSION_KEY, ConfirmEmailView
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.actions.email_addresses import is_proven, prove_address
from accounts.models import User
from accounts.sign_in.adapters import AccountAdapter


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class ConfirmAddressView(ConfirmEmailView):  # type: ignore[misc]  # allauth is untyped
    """The link shows that somebody reads the mail of an address, not that they made the account.

    In a browser of the account, or with its password, the address is confirmed and nothing else changes. Elsewhere, an
    account that nobody proved becomes theirs alone, with a new password, since somebody else may have made it; to an
    account that has a confirmed address nothing is added before its owner signs in.
    """

    error = ""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        user = cast(User, self.object.email_address.user)
        if _is_in(self.request, user):
            return cast(HttpResponse, super().post(*args, **kwargs))
        if is_proven(user):
            return redirect_to_login(self.request.path)
        if not self.request.POST.get("password"):
            return self.take_over(user)
        if self.knows_password(user):
            return cast(HttpResponse, super().post(*args, **kwargs))
        return cast(HttpResponse, self.render_to_response(self.get_context_data(), status=422))

    def knows_password(self, user: User) -> bool:
        """Counts with the wrong attempts at signing in."""
        try:
            found = AccountAdapter(self.request).authenticate(
                self.request, email=user.email, password=self.request.POST["password"]
            )
        except ValidationError as error:
            self.error = error.messages[0]
            return False
        self.error = "" if found == user else _("This password is wrong.")
        return not self.error

    def take_over(self, user: User) -> HttpResponse:
        """Make the account theirs, and let them choose its password."""
        if not prove_address(user, self.object.email_address.email, forget_password=True):
            return cast(HttpResponse, self.respond(False))  # noqa: FBT003  # allauth's signature
        user.refresh_from_db()
        if self.request.user.is_authenticated:
            AccountAdapter(self.request).logout(self.request)
        self.request.session[INTERNAL_RESET_SESSION_KEY] = default_token_generator.make_token(user)
        return redirect("account_reset_password_from_key", uidb36=user_pk_to_url_str(user), key="set-password")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = cast("dict[str, Any]", super().get_context_data(**kwargs))
        if self.object:
            user = cast(User, self.object.email_address.user)
            context |= {"is_theirs": _is_in(self.request, user), "is_proven": is_proven(user), "error": self.error}
        return context


def _is_in(request: HttpRequest, user: User) -> bool:
    """Whether this browser is signed in to the account, or gave its password and waits for the confirmation alone."""
    if request.user.is_authenticated:
        return bool(request.user == user)
    stage = LoginStageController.enter(request, LoginStageKey.VERIFY_EMAIL.value)
    return stage is not None and stage.login.user is not None and stage.login.user.pk == user.pk
