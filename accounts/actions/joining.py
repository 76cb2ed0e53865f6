"""Joining an organization by the link of an invitation."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.actions.email_addresses import prove_address
from accounts.actions.invitations import may_still_invite, pending_invitations
from accounts.actions.members import add_member, lock_members, readmit
from accounts.audit import record
from accounts.credentials import hash_secret
from accounts.errors import Conflict, Forbidden, NotFound
from accounts.models import Invitation, Member, User
from accounts.roles import Role
from accounts.signals import invitation_accepted
from accounts.tenancy import entering, invitation_by_hash


@transaction.atomic
def accept_invitation(user: User, secret: str, *, session_key: str = "", is_guided: bool = False) -> Member:
    """Become a member, and a participant of the channels of the invitation that its inviter may still add people to.

    Of two who use the last use of a link at once, one wins: a use is taken by compare-and-swap.

    An address that the link proves becomes the user's; if it is the first of the account that somebody proves, the
    browser of `session_key` alone stays signed in.
    `is_guided`: the page shows the member the first steps.
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
            raise Conflict(gettext("This invitation was already used, was revoked or has expired."))
        member = _readmit_or_add(invitation, user, former, is_guided=is_guided)
        Invitation.objects.filter(pk=invitation.pk).update(accepted_by=member)
        record("invitation.accepted", actor=member, target=invitation, after={"role": member.role})
        invitation_accepted.send(sender=Invitation, invitation=invitation, member=member)
    if invitation.email and invitation.proves_address:
        prove_address(user, invitation.email, session_key=session_key)
    return member


def is_for(invitation: Invitation, user: User) -> bool:
    """Whether the invitation names no address, or one of the user's.

    The user's address need not be confirmed where the link proves it: it was sent there and shown to nobody else.
    Otherwise an address counts that the user confirmed, or that the account was made with.
    """
    if invitation.email in {"", user.email}:
        return True
    addresses = EmailAddress.objects.filter(user=user, email=invitation.email)
    return bool(addresses.exists() if invitation.proves_address else addresses.filter(verified=True).exists())


def _lock_inviter_and_former(invitation: Invitation, user: User) -> Member | None:
    """Lock who invited, whose present rank counts, and the membership that the user had; return the latter."""
    former = Member.objects.filter(user=user).exclude(deactivated_at=None).first()
    locked = lock_members(invitation.invited_by, *([former] if former else []))
    invitation.invited_by = locked[0]
    return locked[1] if former else None


def _take(invitation: Invitation, secret: str) -> bool:
    """Whether the invitation had a use left, and its link is still this one. Take the use; the last one closes it."""
    open_ones = pending_invitations().filter(pk=invitation.pk, secret_hash=hash_secret(secret))
    is_last = models.Q(uses__gte=models.F("most_uses") - 1)
    accepted_at = models.Case(models.When(is_last, then=models.Value(timezone.now())), default=None)
    return bool(open_ones.update(uses=models.F("uses") + 1, accepted_at=accepted_at))


def _readmit_or_add(invitation: Invitation, user: User, former: Member | None, *, is_guided: bool) -> Member:
    """A deactivated member comes back by a newer invitation to their own address, never by a link passed on.

    They come back with the role that the invitation gives: the one they had may be above who invites.
    """
    role, inviter = Role(invitation.role), invitation.invited_by
    if former is None:
        return add_member(invitation.organization, user, role=role, actor=inviter, is_guided=is_guided)
    if former.is_suspended:
        raise Forbidden(gettext("You are suspended from this organization."))
    if not invitation.email or (former.deactivated_at and former.deactivated_at > invitation.created_at):
        raise Forbidden(gettext("Your membership of this organization has ended. Ask an admin to reactivate it."))
    return readmit(former, actor=inviter, role=role)
