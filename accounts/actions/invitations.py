"""Invitations: by mail to one address, or by a link that anybody who has it can use once.

Rights are checked when the invitation is used: it works only while its inviter may still create it.
"""

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

from accounts import mail_limits, rules
from accounts.actions.changes import check_fields
from accounts.actions.email_addresses import prove_address
from accounts.actions.members import add_member, lock_members, readmit
from accounts.audit import current_origin, record
from accounts.credentials import hash_secret
from accounts.errors import Conflict, Forbidden, NotFound
from accounts.mail import name_in_mail, send_template_later
from accounts.models import Invitation, Member, User
from accounts.network import base_url
from accounts.roles import Right, Role, may_change_role
from accounts.rules import governed
from accounts.tenancy import entering, invitation_by_hash

PENDING_INVITATIONS: Final = 500  # an organization; more at once wants a directory, or a script that is running away


@governed(rules.INVITE)
@transaction.atomic
def invite_member(
    member: Member, *, email: str = "", role: Role = Role.MEMBER, show_link: bool = False
) -> tuple[Invitation, str]:
    """Return an invitation and the secret of its link, which is not kept.

    With `email` the link is mailed, and only that address may use it; an older invitation of that address ends.
    Without `email`, the caller shares the link, and the first person who opens it can use it. `show_link`: the caller
    shows the link although the invitation has an address, so using it does not prove the address.
    Raises Forbidden, Invalid, Conflict (a member already, too many pending), Throttled (too many mails).
    """
    if not may_invite(member, role):
        raise Forbidden
    secret = secrets.token_urlsafe(32)
    invitation = Invitation(
        organization=member.organization,
        email=email.strip().lower(),
        role=role,
        secret_hash=hash_secret(secret),
        proves_address=bool(email.strip()) and not show_link,
        invited_by=member,
        expires_at=timezone.now() + timedelta(days=settings.INVITATION_DAYS),
    )
    check_fields(invitation, "email", "role")
    _make_room(invitation)
    if invitation.email:
        mail_limits.count_invitation(member, invitation.email)
    invitation.save(force_insert=True)
    record("invitation.created", actor=member, target=invitation, after={"email": invitation.email, "role": role})
    if invitation.email:
        _mail(invitation, secret)
    return invitation, secret


@governed(rules.REVOKE_INVITATION)
@transaction.atomic
def revoke_invitation(member: Member, invitation: Invitation) -> None:
    """Raises Forbidden, and Conflict when it was accepted, revoked or has expired meanwhile."""
    if not member.may(Right.INVITE):
        raise Forbidden
    if not pending_invitations().filter(pk=invitation.pk).update(revoked_at=timezone.now()):
        raise Conflict(gettext("This invitation is no longer open."))
    record("invitation.revoked", actor=member, target=invitation, before={"email": invitation.email})


@governed(rules.INVITE)
@transaction.atomic
def renew_link(member: Member, invitation: Invitation) -> str:
    """Return the secret of a new link of an open invitation, to be shown; the link that it had ends.

    Using the new link does not prove the address of the invitation. Raises Forbidden (also for a role that the member
    may not give), Conflict when the invitation is no longer open.
    """
    if not may_invite(member, Role(invitation.role)):
        raise Forbidden
    secret = secrets.token_urlsafe(32)
    changed = {"secret_hash": hash_secret(secret), "proves_address": False}
    if not pending_invitations().filter(pk=invitation.pk).update(**changed):
        raise Conflict(gettext("This invitation is no longer open."))
    record("invitation.link_shown", actor=member, target=invitation, after={"email": invitation.email})
    return secret


@transaction.atomic
def accept_invitation(user: User, secret: str, *, session_key: str = "") -> Member:
    """Become a member. Of two who use one link at once, one wins: the invitation is taken by compare-and-swap.

    An address that the link proves becomes the user's; if it is the first of the account that somebody proves, the
    browser of `session_key` alone stays signed in.
    Raises NotFound for an unknown secret, Conflict for one that is used, revoked or expired, whose maker may no longer
    invite so, or when `user` is a member, Forbidden when it is for another address, or a link in the hands of a member
    who was deactivated. Locks the members concerned by ascending id, then the invitation.
    """
    invitation = invitation_by_hash(hash_secret(secret))
    if invitation is None:
        raise NotFound
    if not is_for(invitation, user):
        raise Forbidden(gettext("This invitation is for another email address."))
    with entering(invitation.organization):
        former = _lock_inviter_and_former(invitation, user)
        if not may_still_invite(invitation) or not _take(invitation, secret):
            raise Conflict(gettext("This invitation was already used, was withdrawn or has expired."))
        member = _readmit_or_add(invitation, user, former)
        Invitation.objects.filter(pk=invitation.pk).update(accepted_by=member)
        record("invitation.accepted", actor=member, target=invitation, after={"role": member.role})
    if invitation.email and invitation.proves_address:
        prove_address(user, invitation.email, session_key=session_key)
    return member


def may_invite(member: Member, role: Role) -> bool:
    """Whether this member may invite somebody as `role`, now."""
    standing = member.is_active and member.user.is_active
    return standing and member.may(Right.INVITE) and may_change_role(member.role, Role.GUEST, role)


def may_still_invite(invitation: Invitation) -> bool:
    """Whether who made this invitation may make it, as they are now."""
    return may_invite(invitation.invited_by, Role(invitation.role))


def pending_invitations() -> models.QuerySet[Invitation]:
    """Those of the organization in scope that can still be used."""
    rows: models.QuerySet[Invitation] = Invitation.objects.filter(expires_at__gt=timezone.now())
    return rows.filter(accepted_at=None, revoked_at=None)


def is_for(invitation: Invitation, user: User) -> bool:
    """Whether the invitation names no address, or one of the user's.

    The user's address need not be confirmed where the link proves it: it was sent there and shown to nobody else.
    Otherwise an address counts that the user confirmed, or that the account was made with.
    """
    if invitation.email in {"", user.email}:
        return True
    addresses = EmailAddress.objects.filter(user=user, email=invitation.email)
    return bool(addresses.exists() if invitation.proves_address else addresses.filter(verified=True).exists())


def invitation_state(invitation: Invitation) -> str:
    """`pending`, `accepted`, `revoked` or `expired`."""
    if invitation.accepted_at is not None:
        return "accepted"
    if invitation.revoked_at is not None or not may_still_invite(invitation):
        return "revoked"
    return "expired" if invitation.expires_at <= timezone.now() else "pending"


def _make_room(invitation: Invitation) -> None:
    if invitation.email:
        if Member.objects.filter(user__email=invitation.email, deactivated_at=None).exists():
            raise Conflict(gettext("A member with this email address already exists."))
        pending_invitations().filter(email=invitation.email).update(revoked_at=timezone.now())
    if pending_invitations().count() >= PENDING_INVITATIONS:
        raise Conflict(
            gettext("There are %(pending_invitations)s open invitations. Withdraw some that are not needed.")
            % {"pending_invitations": PENDING_INVITATIONS}
        )


def _lock_inviter_and_former(invitation: Invitation, user: User) -> Member | None:
    """Lock who invited, whose present rank counts, and the membership that the user had; return the latter."""
    former = Member.objects.filter(user=user).exclude(deactivated_at=None).first()
    locked = lock_members(invitation.invited_by, *([former] if former else []))
    invitation.invited_by = locked[0]
    return locked[1] if former else None


def _take(invitation: Invitation, secret: str) -> bool:
    """Whether the invitation was still open, and its link still this one."""
    open_ones = pending_invitations().filter(pk=invitation.pk, secret_hash=hash_secret(secret))
    return bool(open_ones.update(accepted_at=timezone.now()))


def _readmit_or_add(invitation: Invitation, user: User, former: Member | None) -> Member:
    """A deactivated member comes back by a newer invitation to their own address, never by a link passed on.

    They come back with the role that the invitation gives: the one they had may be above who invites.
    """
    role, inviter = Role(invitation.role), invitation.invited_by
    if former is None:
        return add_member(invitation.organization, user, role=role, actor=inviter)
    if former.is_suspended:
        raise Forbidden(gettext("You are suspended from this organization."))
    if not invitation.email or (former.deactivated_at and former.deactivated_at > invitation.created_at):
        raise Forbidden(gettext("Your membership of this organization has ended. Ask an admin to reactivate it."))
    return readmit(former, actor=inviter, role=role)


def _mail(invitation: Invitation, secret: str) -> None:
    send_template_later(
        "accounts/email/invitation",
        to=invitation.email,
        context={
            "invitation": invitation,
            "inviter": name_in_mail(invitation.invited_by.name, gettext("Somebody")),
            "organization": name_in_mail(invitation.organization.name, gettext("an organization")),
            "link": (current_origin().base_url or base_url()) + reverse("join", args=[secret]),
        },
    )
