"""The base of every page of the admin site: it shows nothing unless its class says so, and never writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final, NamedTuple, cast

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from unfold.admin import ModelAdmin

from accounts.desk_scope import DeskRequest, may_look
from accounts.roles import Right

COUNTED: Final = 5000  # rows of a list that can be reached by turning pages: a hundred of them


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """Counts up to COUNTED rows. Rows beyond are found with filters."""

    @cached_property
    def count(self) -> int:
        rows = cast(QuerySet[Any], self.object_list)
        return len(rows.order_by().values_list("pk")[:COUNTED])


class DeskAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Base of every registered page. Pages only show; actions change, check, record and publish."""

    right: ClassVar[Right | None] = None
    """The right that a member needs to see the page. None: only the staff of the installation."""
    actions: ClassVar[Sequence[Any]] = ()
    paginator = BoundedPaginator
    show_full_result_count = False  # counting millions of rows for a line of text
    list_per_page = 50
    show_facets = "NEVER"  # nor for numbers beside filters

    def visible(self, request: DeskRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return those rows of the organizations in scope that the user may see."""
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
        """Allow the primary key only: objects cannot be looked up by a column that is not shown."""
        return bool(to_field == self.opts.pk.name)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the audit log of this object, for users who may read it. Django's own log stays empty."""
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
