"""Clients: the tabs and devices of a member. Lock order: member, clients by ascending id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext

from accounts import signals
from accounts.clean_text import clean_line
from accounts.models import Member
from accounts.rules import governed
from accounts.tokens import end_credential
from chat import rules
from chat.delivery import pass_gate, wakeups
from chat.delivery.mailbox import Recipients, mailbox
from chat.errors import Invalid, NotFound
from chat.models import Client
from chat.wire import Close

LABEL_LENGTH: Final = 80


def connect() -> None:
    signals.member_deactivated.connect(forget_clients)
    signals.credential_ended.connect(end_sockets)


@governed(rules.REGISTER)
def register_client(member: Member, *, platform: str, label: str = "", credential: str, user_agent: str = "") -> Client:
    """Register a client, whose mailbox collects events from now on. At the limit the longest unused client is deleted.

    Returns when every change that was under way is either in the mailbox or visible to a sync.
    """
    if platform not in Client.Platform.values:
        raise Invalid({"platform": [gettext("One of ") + ", ".join(Client.Platform.values) + "."]})
    with transaction.atomic():
        Member.objects.select_for_update(no_key=True).get(pk=member.pk)  # two at once are counted one after the other
        _make_room(member)
        client: Client = Client.objects.create(
            organization_id=member.organization_id,
            member=member,
            platform=platform,
            label=clean_line(label)[:LABEL_LENGTH],
            credential=credential,
            user_agent=user_agent[:200],
        )
    pass_gate(member.organization_id)
    client.tag = mailbox().start(client.pk)
    return client


def list_clients(member: Member) -> list[Client]:
    """Return the member's own clients, the newest first."""
    return list(Client.objects.filter(member=member).order_by("-pk"))


@governed(rules.CLOSE)
@transaction.atomic
def close_client(member: Member, client_id: UUID) -> None:
    """Delete the client of a closed tab or device with its mailbox, and close its socket. Raises NotFound."""
    if not _forget(Client.objects.filter(member=member, public_id=client_id), code=Close.UNKNOWN_CLIENT):
        raise NotFound


@governed(rules.SIGN_OUT)
@transaction.atomic
def sign_out_client(member: Member, client_id: UUID) -> None:
    """End the session or token that an own client was registered with, in every organization.

    All own clients of that session or token in this organization are deleted. Raises NotFound."""
    client = Client.objects.filter(member=member, public_id=client_id).first()
    if client is None:
        raise NotFound
    end_credential(member.user, client.credential)
    _forget(Client.objects.filter(member=member, credential=client.credential), code=Close.NOT_SIGNED_IN)


@transaction.atomic
def forget_clients(*, member: Member, **_: Any) -> None:
    """Delete the clients of a member who was deactivated, inside that transaction."""
    _forget(Client.objects.filter(member=member), code=Close.NOT_A_MEMBER)


def end_sockets(*, credentials: Sequence[str], **_: Any) -> None:
    """Close the sockets of sessions or tokens that ended. The clients stay and go on after the next sign-in."""
    with connection.cursor() as cursor:  # a user's clients are in several organizations, and none is in scope
        cursor.execute(
            "SELECT node_id, array_agg(id) FROM chat_client WHERE credential = ANY(%s) AND node_id IS NOT NULL"
            " GROUP BY node_id",
            [list(credentials)],
        )
        recipients: Recipients = dict(cursor.fetchall())
    wakeups.close_on_commit(recipients, code=Close.NOT_SIGNED_IN)


def _make_room(member: Member) -> None:
    unused = Client.objects.filter(member=member).order_by(F("node_id").asc(nulls_first=True), "last_seen_at", "pk")
    surplus = unused.count() - settings.CLIENTS_PER_MEMBER + 1
    if surplus > 0:
        _forget(
            Client.objects.filter(pk__in=list(unused.values_list("pk", flat=True)[:surplus])), code=Close.UNKNOWN_CLIENT
        )


def _forget(clients: Any, *, code: int) -> int:
    """Delete clients and mailboxes; their sockets are closed on commit. Returns how many there were."""
    rows = list(clients.order_by("pk").select_for_update().values_list("pk", "node_id"))
    ids = [client for client, _ in rows]
    recipients: Recipients = {}
    for client, node in rows:
        if node is not None:
            recipients.setdefault(node, []).append(client)
    if ids:
        mailbox().drop(ids)
        Client.objects.filter(pk__in=ids).delete()
        wakeups.close_on_commit(recipients, code=code)
    return len(ids)
