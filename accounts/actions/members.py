"""Joining, changing and leaving: everything that happens to a member."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypedDict, Unpack

import msgspec
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext

from accounts import rules
from accounts.actions.changes import Values, apply_changes, check_fields, check_version
from accounts.actions.sessions import sign_out_everywhere
from accounts.audit import record
from accounts.clean_text import clean_line
from accounts.errors import Conflict, Forbidden, NotFound
from accounts.models import Invitation, Member, Organization, User
from accounts.preferences import PreferenceChanges, clean_keywords, read_preferences, stored_preferences
from accounts.roles import Right, Role, has_right, may_change_role
from accounts.rules import governed
from accounts.signals import (
    member_changed,
    member_deactivated,
    member_joined,
    member_preferences_changed,
    member_reactivated,
)
from accounts.tenancy import memberships_of

HANDLE_LENGTH: Final = 28  # of a suggested handle: leaves room for a number
HANDLE_TRIES: Final = 1000  # people of one name in one organization
RESERVED_HANDLES: Final = frozenset({"all", "channel", "everyone", "group", "here", "parley", "system"})  # mentions


class ProfileChanges(TypedDict, total=False):
    name: str
    handle: str
    title: str


def add_member(
    organization: Organization, user: User, *, role: Role, handle: str = "", name: str = "", actor: Member | None = None
) -> Member:
    """Make `user` a member, inside the scope of `organization` and the caller's transaction.

    Without `handle` one is made of the name. Raises Conflict when the user is a member or the handle is taken, Invalid.
    """
    name = clean_line(name) or clean_line(user.name) or user.get_full_name()
    if Member.objects.filter(user=user).exists():
        raise Conflict(gettext("You are already a member of this organization."))
    for candidate in [handle] if handle else suggest_handles(name):
        member = Member(
            organization=organization, user=user, role=role, handle=clean_line(candidate).lower(), name=name[:80]
        )
        check_fields(member, "handle", "name", "role")
        if _insert(member):
            member_joined.send(sender=Member, member=member, actor=actor)
            return member
    raise Conflict(gettext("This handle is taken."))


def suggest_handles(name: str) -> Iterator[str]:
    """Handles made of a name, the best first: `ada.lovelace`, `ada.lovelace2`, …, without those that are taken now."""
    base = slugify(name).replace("-", ".")[:HANDLE_LENGTH].strip("._-") or "member"
    taken = set(Member.objects.filter(handle__startswith=base).values_list("handle", flat=True)) | RESERVED_HANDLES
    for number in range(1, HANDLE_TRIES):
        handle = base if number == 1 else f"{base}{number}"
        if handle not in taken:
            yield handle


@governed(rules.CHANGE_PROFILE)
@transaction.atomic
def change_profile(member: Member, *, version: int | None = None, **changes: Unpack[ProfileChanges]) -> Member:
    """Change one's own name, handle or title. Raises Invalid, Conflict (the version, or a handle that is taken).

    Locks the member.
    """
    fresh = lock_members(member)[0]
    check_version(fresh, version)
    if "handle" in changes:
        changes["handle"] = clean_line(changes["handle"]).lower()
        if changes["handle"] in RESERVED_HANDLES:
            raise Conflict(gettext("This handle is taken."))
    try:
        with transaction.atomic():
            before, after = apply_changes(fresh, changes)
    except IntegrityError as error:
        raise Conflict(gettext("This handle is taken.")) from error
    _publish_change("member.profile_changed", fresh, fresh, before, after)
    return fresh


@governed(rules.CHANGE_PREFERENCES)
@transaction.atomic
def change_preferences(member: Member, **changes: Unpack[PreferenceChanges]) -> Member:
    """Change the preferences of the member. Not sent to others, not audited. Raises Invalid. Locks the member."""
    if "keywords" in changes:
        changes["keywords"] = clean_keywords(changes["keywords"])
    fresh = lock_members(member)[0]
    wanted = msgspec.structs.replace(read_preferences(fresh.preferences), **changes)
    if wanted != read_preferences(fresh.preferences):
        fresh.preferences = stored_preferences(wanted)
        fresh.version += 1
        fresh.save(update_fields=["preferences", "version"])
        member_preferences_changed.send(sender=Member, member=fresh)
    return fresh


@governed(rules.CHANGE_ROLE)
@transaction.atomic
def change_role(member: Member, subject: Member, *, role: Role, reason: str = "") -> Member:
    """Raises Forbidden above one's own rank, Conflict for the last owner, NotFound. Locks organization, members."""
    actor, subject = lock_both(member, subject)
    if not may_change_role(actor.role, subject.role, role):
        raise Forbidden
    if role != Role.OWNER:
        keep_an_owner(subject)
    before, after = apply_changes(subject, {"role": role})
    _publish_change("member.role_changed", actor, subject, before, after, reason=reason)
    _withdraw_invitations(subject, beyond=role)
    return subject


@governed(rules.CHANGE_ROLE)
@transaction.atomic
def transfer_ownership(member: Member, subject: Member) -> Member:
    """Make `subject` an owner and oneself an admin, in one step. Raises Forbidden unless one is an owner."""
    if member.pk == subject.pk:
        raise Conflict(gettext("You are already an owner."))
    heir = change_role(member, subject, role=Role.OWNER)
    change_role(member, member, role=Role.ADMIN)
    return heir


@governed(rules.DEACTIVATE)
@transaction.atomic
def deactivate_member(member: Member, subject: Member, *, reason: str = "") -> Member:
    """End the access of `subject` at once; what they wrote stays. Members may end their own.

    A user with no other organization is signed out everywhere; otherwise only this organization closes to them.
    Raises Forbidden, Conflict for the last owner, NotFound. Locks organization, members.
    """
    actor, subject = lock_both(member, subject)
    if actor.pk != subject.pk and not _may_govern(actor, subject):
        raise Forbidden
    if not subject.is_active and not subject.is_suspended:
        return subject
    keep_an_owner(subject)
    subject.deactivated_at, subject.suspended_at, subject.suspended_until = timezone.now(), None, None
    subject.suspension_reason = ""
    end_access(subject)
    record("member.deactivated", actor=actor, target=subject, reason=reason)
    return subject


@governed(rules.REACTIVATE)
@transaction.atomic
def reactivate_member(member: Member, subject: Member) -> Member:
    """Let a deactivated member back in, with the role they had. Raises Forbidden, NotFound. Locks as above."""
    actor, subject = lock_both(member, subject)
    if not _may_govern(actor, subject):
        raise Forbidden
    if subject.is_suspended:
        raise Conflict(gettext("They are suspended. Lift the suspension instead."))
    return readmit(subject, actor=actor)


def end_access(subject: Member) -> None:
    """Save that they are no longer active and let go of whatever lets them in, inside the caller's transaction.

    A user with no other organization is signed out everywhere.
    """
    save_activity(subject)
    _withdraw_invitations(subject, beyond=None)
    member_deactivated.send(sender=Member, member=subject)
    if not memberships_of(subject.user):
        sign_out_everywhere(subject.user)


def readmit(subject: Member, *, actor: Member, role: Role | None = None) -> Member:
    """Let a former member back in, with another role when one is given."""
    if not subject.is_active:
        subject.deactivated_at = None
        save_activity(subject)
        if role is not None and role != subject.role:
            before, after = apply_changes(subject, {"role": role})
            record("member.role_changed", actor=actor, target=subject, before=before, after=after)
        record("member.reactivated", actor=actor, target=subject)
        member_reactivated.send(sender=Member, member=subject)
    return subject


def lock_members(*members: Member) -> list[Member]:
    """These members as they are now, locked by ascending id, returned in the order given. Raises NotFound."""
    ids = {member.pk for member in members}
    rows = Member.objects.select_for_update(no_key=True, of=("self",)).select_related("user", "organization")
    found = {row.pk: row for row in rows.filter(pk__in=ids).order_by("pk")}
    if found.keys() != ids:
        raise NotFound
    return [found[member.pk] for member in members]


def lock_both(member: Member, subject: Member) -> tuple[Member, Member]:
    """The organization first, so that two owners who demote each other do so one after the other."""
    Organization.objects.select_for_update(no_key=True).get(pk=member.organization_id)
    actor, subject = lock_members(member, subject)
    if not actor.is_active:
        raise Forbidden
    return actor, subject


def _may_govern(actor: Member, subject: Member) -> bool:
    return actor.may(Right.DEACTIVATE_MEMBERS) and may_change_role(actor.role, subject.role, subject.role)


def keep_an_owner(subject: Member) -> None:
    owners = Member.objects.filter(role=Role.OWNER, deactivated_at=None)
    if subject.role == Role.OWNER and not owners.exclude(pk=subject.pk).exists():
        raise Conflict(gettext("An organization needs an owner. Make somebody else an owner first."))


def _withdraw_invitations(inviter: Member, *, beyond: Role | None) -> None:
    """End the open invitations that somebody of role `beyond` may not make: all of them for None."""
    open_ones = Invitation.objects.filter(invited_by=inviter, accepted_at=None, revoked_at=None)
    if beyond is not None and has_right(beyond, Right.INVITE):
        open_ones = open_ones.exclude(role__in=[role for role in Role if may_change_role(beyond, Role.GUEST, role)])
    open_ones.update(revoked_at=timezone.now())


def save_activity(subject: Member) -> None:
    subject.version += 1
    subject.save(update_fields=["deactivated_at", "suspended_at", "suspended_until", "suspension_reason", "version"])


def _insert(member: Member) -> bool:
    """Whether it went in; False when somebody took the handle a moment ago."""
    try:
        with transaction.atomic():
            member.save(force_insert=True)
    except IntegrityError as error:
        if "member_once" in str(error):
            raise Conflict(gettext("You are already a member of this organization.")) from error
        return False
    return True


def _publish_change(
    action: str, actor: Member, subject: Member, before: Values, after: Values, *, reason: str = ""
) -> None:
    if after:
        record(action, actor=actor, target=subject, before=before, after=after, reason=reason)
        member_changed.send(sender=Member, member=subject, fields=frozenset(after))
