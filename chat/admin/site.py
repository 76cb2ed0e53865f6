"""The admin site: the moderation desk of an organization, and the view of the installation's staff.

accounts/desk_scope.py decides for whom it opens. The ModelAdmin of each page decides what it shows. It must be a
DeskAdmin (chat/admin/pages.py), which shows nothing by default, filters only by what it lists, and never writes: all
changes are made by actions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, cast

from csp.decorators import csp_replace
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from unfold.sites import UnfoldAdminSite

from accounts.desk_scope import CHOSEN, is_inside, moderated_memberships, organization_called
from accounts.models import User
from chat.admin.model_names import set_verbose_names
from chat.admin.pages import DeskAdmin

DROPPED: Final = {
    "search",  # keeps what one organization's moderator found for the next organization they open
    "view_on_site",  # finds rows past every scope
}

# unfold's scripts carry no nonces; ours and its files are let in by where they come from, and inline ones nowhere.
# Its attributes are read by static/desk/expressions.js, so that nothing has to be evaluated as code.
POLICY: Final = {"script-src": ["'self'"], "style-src": ["'self'"]}


class DeskSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold is untyped
    """One door for both kinds of visitor: the ordinary sign-in page, with its rate limits and second factors."""

    final_catch_all_view = False  # an address that is none is a 404, for everybody

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only what is a DeskAdmin. The apps we use bring pages of their own, with second factors and sessions on them,
        for a site where everybody who gets in may see everything: those are left out.
        """
        if admin_class is not None and issubclass(admin_class, DeskAdmin):
            for model in [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable:
                set_verbose_names(model)
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active) and is_inside(request)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:  # noqa: FBT001, FBT002
        inner = csp_replace(POLICY)(super().admin_view(view, cacheable))

        @wraps(inner)
        def looked_through(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if any("\x00" in value for _, values in request.GET.lists() for value in values):
                raise BadRequest(_("The address holds a NUL character."))  # PostgreSQL's texts hold none
            return cast(HttpResponse, inner(request, *args, **kwargs))

        return looked_through

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.user.is_authenticated:
            raise PermissionDenied
        target = request.GET.get("next") or reverse("admin:index")
        return redirect(f"{resolve_url('account_login')}?{urlencode({'next': target})}")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("account_change_password")

    def get_urls(self) -> list[URLPattern]:
        choose = path("organization/<slug:slug>", self.admin_view(self.choose), name="choose")
        every = path("organization", self.admin_view(self.choose), {"slug": ""}, name="choose_every")
        return [choose, every, *(url for url in super().get_urls() if getattr(url, "name", None) not in DROPPED)]

    def choose(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Work in another organization from now on, or as staff in all of them. Changes one's own session alone."""
        allowed = {member.organization.slug for member in moderated_memberships(cast(User, request.user))}
        staff = cast(User, request.user).is_staff
        if not (slug in allowed or (staff and (not slug or organization_called(slug) is not None))):
            raise Http404
        request.session[CHOSEN] = slug
        return redirect("admin:index")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Without unfold's inline style element: static/css/desk.css holds its colours."""
        return {**super().each_context(request), "colors": None}
