"""What an admin, or the staff of the installation, does to somebody else's client. Lock order: client."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.db import transaction
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
from chat.delivery.mailbox import mailbox
from chat.errors import Forbidden
from chat.models import Client


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


def _reason_to_operate(actor: Member | User, client: Client, reason: str) -> str:
    if isinstance(actor, Member) and is_above(client.member.role, actor.role):
        raise Forbidden(gettext("You may not do that to a client of a member of this role."))
    return clean_reason(reason)


def _described(client: Client) -> dict[str, str]:
    return {"member": str(client.member_id), "platform": client.platform, "label": client.label}
