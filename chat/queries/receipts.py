"""Who has a message, and who has read it.

A client has it when the event left its mailbox: acked entries are deleted, so the time is known only where they are
kept (ACKED_ENTRIES). A mailbox that was emptied since says nothing: its client learnt of the message by a sync, or has
not come back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext
from msgspec import Struct

from accounts.models import Member
from accounts.roles import Right
from chat.access import find_message, find_message_to_moderate
from chat.access.predicates import participants_of
from chat.client.ranges import contains
from chat.delivery.mailbox import mailbox
from chat.entities.fields import Time
from chat.errors import Forbidden
from chat.models import AckedEntry, Client, Event, Message

PEOPLE: Final = 500  # participants listed; in larger conversations the number counts, not the names
NEAR: Final = timedelta(minutes=5)  # between a message and its event: the index by time finds it


class ClientReceipt(Struct, frozen=True):
    """`platform` is null for a deleted client of which an ack was kept."""

    platform: str | None
    label: str
    delivered: bool
    acked_at: Time | None


class MemberReceipt(Struct, frozen=True):
    """`delivered`: at least one client has it. `clients` are shown to admins, and to every member their own."""

    member: UUID
    delivered: bool
    acked_at: Time | None
    clients: list[ClientReceipt] | None


class Receipts(Struct, frozen=True):
    """`more`: there are more participants than are listed here."""

    delivered: list[MemberReceipt]
    read: list[UUID]
    more: bool


def receipts(member: Member, message_id: UUID) -> Receipts:
    """Return the receipts of a message, for its author and for moderators. Raises Forbidden, NotFound."""
    message = _find(member, message_id)
    participants = participants_of(message.conversation_id).exclude(member=message.author_id)
    some = list(participants.order_by("pk")[: PEOPLE + 1])
    shown = some[:PEOPLE]
    by_member = _client_receipts(message, [each.member_id for each in shown])
    in_detail = {member.pk} if not member.may(Right.READ_AUDIT_LOG) else {each.member_id for each in shown}
    return Receipts(
        delivered=[
            _of_member(each.member_id, by_member[each.member_id], in_detail=each.member_id in in_detail)
            for each in shown
        ],
        read=[each.member_id for each in shown if contains(each.read, message.seq)],
        more=len(some) > PEOPLE,
    )


def _find(member: Member, message_id: UUID) -> Message:
    if member.may(Right.MODERATE):
        return find_message_to_moderate(member, message_id)
    message, _ = find_message(member, message_id)
    if message.author_id != member.pk:
        raise Forbidden(gettext("Only its author and moderators may see who has a message."))
    return message


def _client_receipts(message: Message, members: Sequence[UUID]) -> Mapping[UUID, list[ClientReceipt]]:
    found: dict[UUID, list[ClientReceipt]] = defaultdict(list)
    event = _event_of(message)
    if event is None:
        return found  # the log is no longer that old: nobody knows
    acks = _acks(event, members)
    clients = list(Client.objects.filter(member__in=members, created_at__lte=message.created_at).order_by("pk"))
    waiting = mailbox().holding([client.pk for client in clients], event)
    for client in clients:
        emptied = client.overflowed_at is not None and client.overflowed_at >= message.created_at
        acked_at = acks.pop((client.member_id, client.public_id), None)
        has_it = acked_at is not None or not (emptied or client.pk in waiting)
        found[client.member_id].append(ClientReceipt(client.platform, client.label, has_it, acked_at))
    for (member_id, _), acked_at in acks.items():
        found[member_id].append(ClientReceipt(platform=None, label="", delivered=True, acked_at=acked_at))
    return found


def _event_of(message: Message) -> int | None:
    near = Event.objects.filter(at__gte=message.created_at - NEAR, at__lte=message.created_at + NEAR)
    events = near.filter(conversation=message.conversation_id, member_id=None, entity_id=message.pk)
    return events.filter(type="message.created").values_list("pk", flat=True).first()


def _acks(event: int, members: Sequence[UUID]) -> dict[tuple[UUID, UUID], datetime]:
    rows = AckedEntry.objects.filter(event_id=event, member_id__in=members).order_by("acked_at")
    return {(row[0], row[1]): row[2] for row in rows.values_list("member_id", "client", "acked_at")}


def _of_member(member_id: UUID, clients: list[ClientReceipt], *, in_detail: bool) -> MemberReceipt:
    times = [client.acked_at for client in clients if client.acked_at is not None]
    return MemberReceipt(
        member=member_id,
        delivered=any(client.delivered for client in clients),
        acked_at=min(times, default=None),
        clients=clients if in_detail else None,
    )
