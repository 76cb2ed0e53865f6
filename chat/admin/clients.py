from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from accounts.roles import Right
from chat.actions.operations import resync_client, sign_out_client
from chat.admin.acts import Act, ActingAdmin
from chat.delivery.mailbox import mailbox
from chat.models import Client


class OnlineFilter(admin.SimpleListFilter):
    title, parameter_name = "socket", "online"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Connected"), ("0", "Away")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Client]) -> QuerySet[Client]:
        return rows if self.value() not in {"0", "1"} else rows.filter(node_id__isnull=self.value() == "0")


@admin.register(Client)
class ClientAdmin(ActingAdmin):
    """The tabs and devices of the members: how far each has come, and what waits for it."""

    right = Right.DEACTIVATE_MEMBERS
    list_display = ("device", "member", "platform", "online", "sent", "acked", "waiting", "last_seen_at")
    list_filter = (
        ("platform", ChoicesDropdownFilter),
        OnlineFilter,
        ("member", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("member", "organization")
    search_fields = ("member__handle", "member__name", "label")
    ordering = ("-last_seen_at",)
    fields = (
        *("device", "member", "platform", "online", "sent", "acked", "waiting"),
        *("created_at", "connected_at", "last_seen_at", "overflowed_at", "public_id"),
    )
    readonly_fields = ("device", "online", "sent", "acked", "waiting")
    acts = (
        Act(
            name="resync",
            label="Force a resync",
            done="The client was told to fetch everything anew.",
            perform=lambda actor, client, values: resync_client(actor, client, reason=values["reason"]),
            right=Right.DEACTIVATE_MEMBERS,
            hint="Its mailbox is emptied. A connected client fetches its state anew at once.",
            key="r",
            by_staff=True,
        ),
        Act(
            name="sign-out",
            label="Sign out",
            done="The client is signed out and forgotten.",
            perform=lambda actor, client, values: sign_out_client(actor, client, reason=values["reason"]),
            right=Right.DEACTIVATE_MEMBERS,
            hint="Ends the session or the token that it signed in with, and its socket with it.",
            key="s",
            tone="danger",
            bulk=True,
            by_staff=True,
        ),
    )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changes = super().get_changelist_instance(request)
        _look_into_mailboxes(changes.result_list)
        return changes

    @display(description="client")  # type: ignore[untyped-decorator]  # unfold is untyped
    def device(self, client: Client) -> str:
        return client.label or client.get_platform_display()

    @display(description="connected", boolean=True)  # type: ignore[untyped-decorator]  # unfold is untyped
    def online(self, client: Client) -> bool:
        return client.node_id is not None

    @display(description="tag sent")  # type: ignore[untyped-decorator]  # unfold is untyped
    def sent(self, client: Any) -> int:
        return int(client.tag)

    @display(description="tag acked")  # type: ignore[untyped-decorator]  # unfold is untyped
    def acked(self, client: Any) -> str:
        return _number(int(client.tag) - self._depth(client))

    @display(description="waiting")  # type: ignore[untyped-decorator]  # unfold is untyped
    def waiting(self, client: Any) -> str:
        return _number(self._depth(client))

    def _depth(self, client: Any) -> int:
        if not hasattr(client, "depth"):
            _look_into_mailboxes([client])
        return int(client.depth)


def _look_into_mailboxes(clients: Iterable[Any]) -> None:
    """One question for a page of clients."""
    rows = list(clients)
    held = mailbox().depth([client.pk for client in rows])
    for client in rows:
        client.depth = held.get(client.pk, 0)


def _number(value: int) -> str:
    return format_html('<span class="desk-number">{}</span>', value)
