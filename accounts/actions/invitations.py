"""Invitations: by mail to one address, or by a link that a bounded number of people can use.

Rights are checked when the invitation is used (accounts/actions/joining.py): it works only while its inviter may still
create it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from accounts import invited_channels, mail_limits, rules
from accounts.actions.changes import check_fields
from accounts.audit import current_origin, record
from accounts.credentials import hash_secret
from accounts.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from accounts.mail import name_in_mail, send_template_later
from accounts.models import Invitation, Member
from accounts.network import base_url
from accounts.roles import Right, Role, may_change_role
from accounts.rules import governed

PENDING_INVITATIONS: Final = 500  # an organization; more at once wants a directory, or a script that is running away
LONGEST_DAYS: Final = 90  # a link that works for longer is forgotten, and found by somebody else
MOST_USES: Final = 100  # people who join by one link; more people want a directory
MOST_CHANNELS: Final = 20  # of one invitation: each is entered in the transaction that accepts it
MOST_ADDRESSES: Final = 50  # at once: each is a transaction and a mail, and the page waits for all of them
SHARED_ROLES: Final = (Role.MEMBER, Role.GUEST)  # a link that many people hold must not give power over others


class Invited(NamedTuple):
    """What became of one address: an invitation with the secret of its link, or the reason why there is none."""

    email: str
    invitation: Invitation | None
    secret: str
    refusal: str


@governed(rules.INVITE)
@transaction.atomic
def invite_member(
    member: Member,
    *,
    email: str = "",
    role: Role = Role.MEMBER,
    show_link: bool = False,
    channels: Sequence[UUID] = (),
    days: int | None = None,
    uses: int = 1,
) -> tuple[Invitation, str]:
    """Return an invitation and the secret of its link, which is not kept.

    With `email` the link is mailed, and only that address may use it; an older invitation of that address ends.
    Without `email`, the caller shares the link, and the first `uses` people who open it can use it. `show_link`: the
    caller shows the link although the invitation has an address, so using it does not prove the address. `channels`
    are joined with it, and it works for `days`, without a value for INVITATION_DAYS.
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
        most_uses=uses,
        channels=_channels(member, channels),
        expires_at=timezone.now() + timedelta(days=_days(days)),
    )
    check_fields(invitation, "email", "role")
    _check_uses(invitation)
    _make_room(invitation)
    if invitation.email:
        mail_limits.count_invitation(member, invitation.email)
    invitation.save(force_insert=True)
    record("invitation.created", actor=member, target=invitation, after=_recorded(invitation))
    if invitation.email:
        _mail(invitation, secret)
    return invitation, secret


def invite_addresses(
    member: Member,
    *,
    emails: Iterable[str],
    role: Role = Role.MEMBER,
    show_links: bool = False,
    channels: Sequence[UUID] = (),
) -> list[Invited]:
    """Invite each address by itself, in a transaction of its own, and return what became of each.

    Raises Forbidden, and Invalid for none, for more than MOST_ADDRESSES, or for channels that cannot be.
    """
    if not may_invite(member, role):
        raise Forbidden
    addresses = list(dict.fromkeys(email.strip().lower() for email in emails if email.strip()))
    if not addresses:
        raise Invalid({"emails": [gettext("Enter at least one email address.")]})
    if len(addresses) > MOST_ADDRESSES:
        raise Invalid({"emails": [gettext("Enter at most %(most)s addresses at once.") % {"most": MOST_ADDRESSES}]})
    _channels(member, channels)
    return [_invite_address(member, email, role, show_links, channels) for email in addresses]


def invite_by_link(
    member: Member, *, role: Role = Role.MEMBER, channels: Sequence[UUID] = (), days: int | None = None, uses: int = 1
) -> Invited:
    """Return a link for `uses` people. Raises what `invite_member` raises."""
    invitation, secret = invite_member(member, role=role, channels=channels, days=days, uses=uses)
    return Invited("", invitation, secret, "")


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


def find_invitation(member: Member, invitation_id: UUID) -> Invitation:
    """Return an invitation of the organization, whatever its state. Raises NotFound."""
    invitation: Invitation | None = Invitation.objects.filter(pk=invitation_id).first()
    if invitation is None or not member.may(Right.INVITE):
        raise NotFound
    return invitation


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


def invitation_state(invitation: Invitation) -> str:
    """`pending`, `accepted`, `revoked` or `expired`."""
    if invitation.accepted_at is not None:
        return "accepted"
    if invitation.revoked_at is not None or not may_still_invite(invitation):
        return "revoked"
    return "expired" if invitation.expires_at <= timezone.now() else "pending"


def _invite_address(
    member: Member,
    email: str,
    role: Role,
    show_link: bool,  # noqa: FBT001  # passed on by position, to no other function
    channels: Sequence[UUID],
) -> Invited:
    try:
        invitation, secret = invite_member(member, email=email, role=role, show_link=show_link, channels=channels)
    except Invalid as refusal:
        return Invited(email, None, "", " ".join(text for texts in refusal.errors.values() for text in texts))
    except Refusal as refusal:
        return Invited(email, None, "", refusal.detail)
    return Invited(email, invitation, secret, "")


def _recorded(invitation: Invitation) -> dict[str, object]:
    """Return what the audit log says of an invitation."""
    after: dict[str, object] = {"email": invitation.email, "role": invitation.role}
    if invitation.channels:
        after["channels"] = [str(each) for each in invitation.channels]
    return after if invitation.email else {**after, "most_uses": invitation.most_uses}


def _days(days: int | None) -> int:
    days = settings.INVITATION_DAYS if days is None else days
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid({"days": [gettext("From 1 to %(most)s days.") % {"most": LONGEST_DAYS}]})
    return days


def _channels(member: Member, ids: Sequence[UUID]) -> list[UUID]:
    """Return the channels without repetitions. Raises Invalid for one that the member may add nobody to."""
    chosen = list(dict.fromkeys(ids))
    if len(chosen) > MOST_CHANNELS:
        raise Invalid({"channels": [gettext("Choose at most %(most)s channels.") % {"most": MOST_CHANNELS}]})
    if chosen and not set(chosen) <= {channel.id for channel in invited_channels.offered(member, chosen)}:
        raise Invalid({"channels": [gettext("You can only choose channels that you may add people to.")]})
    return chosen


def _check_uses(invitation: Invitation) -> None:
    """Raises Invalid: several people need a link without an address, and a role without power over others."""
    most = 1 if invitation.email else MOST_USES
    if not 1 <= invitation.most_uses <= most:
        raise Invalid({"uses": [gettext("From 1 to %(most)s people.") % {"most": most}]})
    if invitation.most_uses > 1 and invitation.role not in SHARED_ROLES:
        raise Invalid({"role": [gettext("A link for several people can only make members or guests.")]})


def _make_room(invitation: Invitation) -> None:
    if invitation.email:
        if Member.objects.filter(user__email=invitation.email, deactivated_at=None).exists():
            raise Conflict(gettext("A member with this email address already exists."))
        pending_invitations().filter(email=invitation.email).update(revoked_at=timezone.now())
    if pending_invitations().count() >= PENDING_INVITATIONS:
        raise Conflict(
            gettext("There are %(pending_invitations)s open invitations. Revoke some that are not needed.")
            % {"pending_invitations": PENDING_INVITATIONS}
        )


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
