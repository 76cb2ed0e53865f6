from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import structlog
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from accounts.roles import Right
from chat.actions.operations import resync_client, sign_out_client
from chat.admin.acts import Act, ActingAdmin
from chat.delivery.mailbox import mailbox
from chat.models import Client

log = structlog.get_logger(__name__)


class OnlineFilter(admin.SimpleListFilter):
    title, parameter_name = _("socket"), "online"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", gettext("Connected")), ("0", gettext("Away"))]

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
    list_before_template = "admin/chat/notice.html"
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
            label=_("Force a resync"),
            done=_("The client will fetch everything again."),
            perform=lambda actor, client, values: resync_client(actor, client, reason=values["reason"]),
            right=Right.DEACTIVATE_MEMBERS,
            hint=_("Its mailbox is emptied. A connected client fetches its state again immediately."),
            key="r",
            by_staff=True,
        ),
        Act(
            name="sign-out",
            label=_("Sign out"),
            done=_("The client was signed out and deleted."),
            perform=lambda actor, client, values: sign_out_client(actor, client, reason=values["reason"]),
            right=Right.DEACTIVATE_MEMBERS,
            hint=_("Ends its session or revokes its token, and closes its connection."),
            key="s",
            tone="danger",
            bulk=True,
            by_staff=True,
        ),
    )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changes = super().get_changelist_instance(request)
        changes.notice = _look_into_mailboxes(changes.result_list)
        return changes

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["notice"] = _look_into_mailboxes([kwargs["obj"]])
        return cast(HttpResponse, super().render_change_form(request, context, *args, **kwargs))

    @display(description=_("client"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def device(self, client: Client) -> str:
        return client.label or client.get_platform_display()

    @display(description=_("connected"), boolean=True)  # type: ignore[untyped-decorator]  # unfold is untyped
    def online(self, client: Client) -> bool:
        return client.node_id is not None

    @display(description=_("tag sent"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def sent(self, client: Any) -> str:
        return _number(_tag(client))

    @display(description=_("tag acked"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def acked(self, client: Any) -> str:
        tag = _tag(client)
        return _number(None if tag is None or client.depth is None else tag - client.depth)

    @display(description=_("waiting"))  # type: ignore[untyped-decorator]  # unfold is untyped
    def waiting(self, client: Any) -> str:
        return gettext("unknown") if client.depth is None else _number(client.depth)


def _look_into_mailboxes(clients: Iterable[Any]) -> str:
    """One question for a page of clients, which are given their `depth`. Where the store that holds the mailboxes does
    not answer it is None, and a sentence says so; else that is empty."""
    rows = list(clients)
    try:
        held = mailbox().depth([client.pk for client in rows])
    except RedisError as error:
        log.warning("depths_unavailable", reason=repr(error))
        for client in rows:
            client.depth = None
        return gettext(
            "Valkey does not respond. It holds the mailboxes, so the number of waiting entries is not known."
        )
    for client in rows:
        client.depth = held.get(client.pk, 0)
    return ""


def _tag(client: Client) -> int | None:
    """The newest tag, where the mailbox backend keeps it in the client's row."""
    return client.tag if mailbox().tags_in_database else None


def _number(value: int | None) -> SafeString:
    return format_html('<span class="desk-number">{}</span>', "–" if value is None else value)
