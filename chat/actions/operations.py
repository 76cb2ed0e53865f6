"""What an admin, or the staff of the installation, does to somebody else's client; and what the staff do with events
that a follower could not handle. Lock order: client; an event that was set aside is locked alone.
"""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.actions.sessions import end_sessions
from accounts.audit import record
from accounts.credentials import session_credential, token_credential
from accounts.models import Member, User
from accounts.roles import is_above
from accounts.tokens import live_tokens, revoke_token
from chat.actions.clients import close_client
from chat.actions.reasons import clean_reason
from chat.delivery import wakeups
from chat.delivery.followers import wake
from chat.delivery.followers.registry import registered
from chat.delivery.mailbox import mailbox
from chat.errors import Conflict, Forbidden, NotFound
from chat.models import Client, Event, SetAsideEvent


@transaction.atomic
def resync_client(actor: Member | User, client: Client, *, reason: str) -> None:
    """Make a client fetch its state anew: empty its mailbox, and send `resync` if it holds a socket.

    A client that is away receives it with the hello of its next socket; while it polls, every answer is a resync.
    Raises Forbidden for a client of somebody of a higher role, Invalid without a reason.
    """
    reason = _reason_to_operate(actor, client, reason)
    mailbox().truncate([client.pk], hole=True)
    record("client.resynced", actor=actor, target=client, after=_described(client), reason=reason)
    node = client.node_id
    if node is not None:
        wakeups.resync_on_commit(node, client.pk)


@transaction.atomic
def sign_out_client(actor: Member | User, client: Client, *, reason: str) -> None:
    """End what a client signed in with, its session or its token, and forget the client itself.

    Raises Forbidden for a client of somebody of a higher role, Invalid without a reason.
    """
    reason = _reason_to_operate(actor, client, reason)
    user = client.member.user
    sessions = UserSession.objects.filter(user=user).values_list("session_key", flat=True)
    end_sessions(user, session_keys=[key for key in sessions if session_credential(key) == client.credential])
    for token in live_tokens(user):
        if token_credential(token) == client.credential:
            revoke_token(token)
    close_client(client.member, client.public_id)
    record("client.signed_out", actor=actor, target=client, before=_described(client), reason=reason)


@transaction.atomic
def retry_event(actor: Member | User, event: SetAsideEvent, *, reason: str) -> None:
    """Let its follower try an event that was set aside once more, in the worker. For the installation's staff.

    Locks the row. Raises Conflict when the event was purged from the log, or when its follower is no longer in the
    code; Invalid without a reason.
    """
    reason = clean_reason(reason)
    row = _lock_set_aside(event)
    if not Event.objects.filter(pk=row.event_id, organization_id=row.organization_id).exists():
        raise Conflict(gettext("The event has been purged. It can only be discarded."))
    if row.follower_id not in {declared.name for declared in registered()}:
        raise Conflict(gettext("There is no such follower any more. The event can only be discarded."))
    row.retry_at = timezone.now()
    row.save(update_fields=["retry_at"])
    record("event.retried", actor=actor, target=row, after=_described_event(row), reason=reason)
    transaction.on_commit(wake.wake)


@transaction.atomic
def discard_event(actor: Member | User, event: SetAsideEvent, *, reason: str) -> None:
    """Forget an event that was set aside: its follower never handles it. For the installation's staff.

    Locks the row. Raises NotFound when it is gone, Invalid without a reason.
    """
    reason = clean_reason(reason)
    row = _lock_set_aside(event)
    record("event.discarded", actor=actor, target=row, before=_described_event(row), reason=reason)
    row.delete()


def _lock_set_aside(event: SetAsideEvent) -> SetAsideEvent:
    row: SetAsideEvent | None = SetAsideEvent.objects.select_for_update(no_key=True).filter(pk=event.pk).first()
    if row is None:
        raise NotFound(gettext("The event is no longer set aside."))
    return row


def _described_event(row: SetAsideEvent) -> dict[str, str]:
    return {"follower": row.follower_id, "event": str(row.event_id), "type": row.type}


def _reason_to_operate(actor: Member | User, client: Client, reason: str) -> str:
    if isinstance(actor, Member) and is_above(client.member.role, actor.role):
        raise Forbidden(gettext("You may not do that to a client of a member of this role."))
    return clean_reason(reason)


def _described(client: Client) -> dict[str, str]:
    return {"member": str(client.member_id), "platform": client.platform, "label": client.label}
