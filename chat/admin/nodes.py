from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.desk_scope import DeskRequest
from chat.admin.pages import DeskAdmin
from chat.models import Client, Node


@admin.register(Node)
class NodeAdmin(DeskAdmin):
    """The ASGI processes that hold sockets: for the staff of the installation."""

    list_display = ("name", "alive", "sockets", "started_at", "lease_until")
    fields = ("name", "alive", "sockets", "started_at", "lease_until")
    readonly_fields = ("alive", "sockets")
    ordering = ("-lease_until",)

    def visible(self, request: DeskRequest, rows: QuerySet[Node]) -> QuerySet[Any]:
        held = Client.objects.filter(node_id=OuterRef("pk")).order_by().values("node_id").annotate(n=Count("pk"))
        return rows.annotate(sockets=Subquery(held.values("n")))

    @display(description=_("alive"), boolean=True)  # type: ignore[untyped-decorator]  # unfold is untyped
    def alive(self, node: Node) -> bool:
        return node.lease_until > timezone.now()

    @display(description=_("sockets"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def sockets(self, node: Any) -> int:
        return node.sockets or 0
