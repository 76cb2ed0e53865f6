"""The admin site: the moderation desk of an organization, and the view of the installation's staff.

For whom it opens is said in accounts/desk.py. What a page may show is said by its ModelAdmin, which has to be a
DeskAdmin: it shows nothing to anybody unless told, filters by what it lists and nothing else, and never writes; writing
is the actions' business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ClassVar, Final, NamedTuple, cast

from csp.decorators import csp_replace
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from accounts.desk import CHOSEN, DeskRequest, is_inside, may_look, organization_called, seats_of
from accounts.models import User
from accounts.roles import Right
from accounts.words import put_into_words

COUNTED: Final = 5000  # rows of a list that can be reached by turning pages: a hundred of them
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
                put_into_words(model)
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
        allowed = {member.organization.slug for member in seats_of(cast(User, request.user))}
        staff = cast(User, request.user).is_staff
        if not (slug in allowed or (staff and (not slug or organization_called(slug) is not None))):
            raise Http404
        request.session[CHOSEN] = slug
        return redirect("admin:index")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Without unfold's inline style element: static/css/desk.css holds its colours."""
        return {**super().each_context(request), "colors": None}


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """Counts to COUNTED and no further: what lies beyond is found by filters, not by turning pages."""

    @cached_property
    def count(self) -> int:
        rows = cast(QuerySet[Any], self.object_list)
        return len(rows.order_by().values_list("pk")[:COUNTED])


class DeskAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Base of everything that is registered. Looked at here; changed by actions, which check, record and tell."""

    right: ClassVar[Right | None] = None
    """What a member needs to look; None: the installation's staff alone."""
    actions: ClassVar[Sequence[Any]] = ()
    paginator = BoundedPaginator
    show_full_result_count = False  # counting millions of rows for a line of text
    list_per_page = 50
    show_facets = "NEVER"  # nor for numbers beside filters

    def visible(self, request: DeskRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Of the rows of the organizations in scope, those that the person may see."""
        return rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        if not self.has_view_permission(request):
            return cast("QuerySet[Any]", self.model.objects.none())
        return self.visible(cast(DeskRequest, request), super().get_queryset(request))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_look(request, self.right)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what a filter of this list asks for. Django would let any column be asked, letter by letter: a hash, a
        credential, a text.
        """
        return lookup in self.filter_lookups(request)

    def filter_lookups(self, request: HttpRequest) -> set[str]:
        fields = [entry[0] if isinstance(entry, tuple) else entry for entry in self.get_list_filter(request)]
        names = {field for field in fields if isinstance(field, str)}
        typed = {getattr(field, "parameter_name", "") for field in fields}
        return names | typed | {f"{name}__{suffix}" for name in names for suffix in ("exact", "id__exact", "isnull")}

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """By its key alone: an object is not to be found by a column that is not shown."""
        return bool(to_field == self.opts.pk.name)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What was done to this object: the audit log, for those who may read it. Django's own log stays empty."""
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        if not may_look(request, Right.READ_AUDIT_LOG):
            raise PermissionDenied
        query = urlencode({"target_type": self.opts.model_name, "target_id": str(found.pk)})
        return redirect(f"{reverse('admin:accounts_auditentry_changelist')}?{query}")


class Badge(NamedTuple):
    """What a column with coloured labels returns: the colour goes by `name`, and `text` is what is read."""

    name: str
    text: str

    def __str__(self) -> str:
        return self.text


def organizations_to_choose(request: HttpRequest) -> list[dict[str, Any]]:
    """unfold's site dropdown: where else the person may work."""
    if not request.user.is_active:
        return []
    user = request.user
    everything = [{"title": _("All organizations"), "link": reverse("admin:choose_every"), "icon": "domain"}]
    seats = [
        {
            "title": member.organization.name,
            "link": reverse("admin:choose", args=[member.organization.slug]),
            "icon": "shield_person",
        }
        for member in seats_of(user)
    ]
    return [*(everything if user.is_staff else []), *seats]


def site_title(request: HttpRequest) -> str:
    return _("Parley desk")


def site_header(request: HttpRequest) -> str:
    organization = getattr(request, "organization", None)
    return organization.name if organization else "Parley"


def site_subheader(request: HttpRequest) -> str:
    if getattr(request, "everywhere", False):
        return _("All organizations")
    member = getattr(request, "member", None)
    return member.get_role_display() if member else _("Staff of the installation")


def stylesheet(request: HttpRequest) -> str:
    return static("css/desk.css")


def trusted_script(request: HttpRequest) -> str:
    return static("desk/trusted.js")


def expressions_script(request: HttpRequest) -> str:
    return static("desk/expressions.js")


def desk_script(request: HttpRequest) -> str:
    return static("desk/desk.js")


def favicon(request: HttpRequest) -> str:
    return static("icon.svg")
