"""Checks of pages: visitors are sent to the sign-in page, members without the right get 403 with the reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.errors import Forbidden, NotAuthenticated
from accounts.models import Member
from accounts.roles import Right, Role, has_right

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def signed_in(view: View[P]) -> View[P]:
    """For a page outside of organizations. As Django's login_required, with the way back of accounts/problems.py."""

    @wraps(view)
    def ask_first(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            raise NotAuthenticated
        return view(request, *args, **kwargs)

    return ask_first


def require_right(member: Member, right: Right) -> None:
    """Raises Forbidden, with whose page it is and what the member is."""
    if member.may(right):
        return
    names = {"organization": member.organization.name, "role": member.get_role_display().lower()}
    if has_right(Role.MODERATOR, right):
        raise Forbidden(
            _("This page is for the owners, admins and moderators of %(organization)s. Your role is %(role)s.") % names
        )
    raise Forbidden(_("This page is for the owners and admins of %(organization)s. Your role is %(role)s.") % names)
