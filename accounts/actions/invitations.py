"""Inviting people: by mail to one address, or by a link that whoever holds it may use, once."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from accounts.actions.changes import check_fields
from accounts.actions.members import add_member, lock_members, readmit
from accounts.audit import current_origin, record
from accounts.credentials import hash_secret
from accounts.errors import Conflict, Forbidden, NotFound
from accounts.mail import send_template_later
from accounts.models import Invitation, Member, User
from accounts.network import base_url
from accounts.roles import Right, Role, may_change_role
from accounts.tenancy import entering, invitation_by_hash

PENDING_INVITATIONS: Final = 500  # an organization; more at once wants a directory, or a script that is running away


@transaction.atomic
def invite_member(member: Member, *, email: str = "", role: Role = Role.MEMBER) -> tuple[Invitation, str]:
    """An invitation and the secret of its link, which is not kept.

    With `email` the link is mailed, and only that address may use it; an older invitation of that address ends.
    Without, the caller passes the link on, and whoever comes first may use it.
    Raises Forbidden, Invalid, Conflict (a member already, too many pending).
    """
    if not member.may(Right.INVITE) or not may_change_role(member.role, Role.GUEST, role):
        raise Forbidden
    secret = secrets.token_urlsafe(32)
    invitation = Invitation(
        organization=member.organization,
        email=email.strip().lower(),
        role=role,
        secret_hash=hash_secret(secret),
        invited_by=member,
        expires_at=timezone.now() + timedelta(days=settings.INVITATION_DAYS),
    )
    check_fields(invitation, "email", "role")
    _make_room(invitation)
    invitation.save(force_insert=True)
    record("invitation.created", actor=member, target=invitation, after={"email": invitation.email, "role": role})
    if invitation.email:
        _mail(invitation, secret)
    return invitation, secret


@transaction.atomic
def revoke_invitation(member: Member, invitation: Invitation) -> None:
    """Raises Forbidden, and Conflict when it was accepted, revoked or has expired meanwhile."""
    if not member.may(Right.INVITE):
        raise Forbidden
    if not pending_invitations().filter(pk=invitation.pk).update(revoked_at=timezone.now()):
        raise Conflict(gettext("This invitation is no longer open."))
    record("invitation.revoked", actor=member, target=invitation, before={"email": invitation.email})


@transaction.atomic
def accept_invitation(user: User, secret: str) -> Member:
    """Become a member. Of two who use one link at once, one wins: the invitation is taken by compare-and-swap.

    Raises NotFound for an unknown secret, Conflict for one that is used, revoked or expired or when `user` is a member,
    Forbidden when it is for another address, or a link in the hands of a member who was deactivated.
    """
    invitation = invitation_by_hash(hash_secret(secret))
    if invitation is None:
        raise NotFound
    if not is_for(invitation, user):
        raise Forbidden(gettext("This invitation is for another e-mail address."))
    with entering(invitation.organization):
        if not pending_invitations().filter(pk=invitation.pk).update(accepted_at=timezone.now()):
            raise Conflict(gettext("This invitation was used already, was withdrawn or has expired."))
        member = _readmit_or_add(invitation, user)
        Invitation.objects.filter(pk=invitation.pk).update(accepted_by=member)
        record("invitation.accepted", actor=member, target=invitation, after={"role": member.role})
    if invitation.email:
        _mark_verified(user, invitation.email)
    return member


def pending_invitations() -> models.QuerySet[Invitation]:
    """Those of the organization in scope that can still be used."""
    rows: models.QuerySet[Invitation] = Invitation.objects.filter(expires_at__gt=timezone.now())
    return rows.filter(accepted_at=None, revoked_at=None)


def is_for(invitation: Invitation, user: User) -> bool:
    """Whether the invitation names no address, or one of the user's.

    It need not be verified: the link was sent there and shown to nobody else, so who has it can read that mailbox.
    """
    if invitation.email in {"", user.email}:
        return True
    return bool(EmailAddress.objects.filter(user=user, email=invitation.email).exists())


def invitation_state(invitation: Invitation) -> str:
    """`pending`, `accepted`, `revoked` or `expired`."""
    if invitation.accepted_at is not None:
        return "accepted"
    if invitation.revoked_at is not None:
        return "revoked"
    return "expired" if invitation.expires_at <= timezone.now() else "pending"


def _make_room(invitation: Invitation) -> None:
    if invitation.email:
        if Member.objects.filter(user__email=invitation.email, deactivated_at=None).exists():
            raise Conflict(gettext("Somebody with this e-mail address is a member already."))
        pending_invitations().filter(email=invitation.email).update(revoked_at=timezone.now())
    if pending_invitations().count() >= PENDING_INVITATIONS:
        raise Conflict(
            gettext("There are %(pending_invitations)s open invitations. Revoke some that are not needed.")
            % {"pending_invitations": PENDING_INVITATIONS}
        )


def _readmit_or_add(invitation: Invitation, user: User) -> Member:
    """A deactivated member comes back by a newer invitation to their own address, never by a link passed on."""
    former = Member.objects.filter(user=user).exclude(deactivated_at=None).first()
    if former is None:
        role, inviter = Role(invitation.role), invitation.invited_by
        return add_member(invitation.organization, user, role=role, actor=inviter)
    (former,) = lock_members(former)
    if former.is_suspended:
        raise Forbidden(gettext("You are suspended from this organization."))
    if not invitation.email or (former.deactivated_at and former.deactivated_at > invitation.created_at):
        raise Forbidden(gettext("Your membership of this organization was ended. Ask an admin to let you back in."))
    return readmit(former, actor=invitation.invited_by)


def _mark_verified(user: User, email: str) -> None:
    for address in EmailAddress.objects.filter(user=user, email=email, verified=False):
        address.set_verified()


def _mail(invitation: Invitation, secret: str) -> None:
    send_template_later(
        "accounts/email/invitation",
        to=invitation.email,
        context={
            "invitation": invitation,
            "link": (current_origin().base_url or base_url()) + reverse("join", args=[secret]),
        },
    )
