"""The roles of an organization, and one table of the rights of each."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    MODERATOR = "moderator", _("Moderator")
    MEMBER = "member", _("Member")
    GUEST = "guest", _("Guest")


class Right(StrEnum):
    """A right in the organization as a whole. chat/access decides what a member may do in a conversation."""

    CHANGE_ORGANIZATION = "change_organization"
    CHANGE_ROLES = "change_roles"
    DEACTIVATE_MEMBERS = "deactivate_members"
    INVITE = "invite"
    READ_AUDIT_LOG = "read_audit_log"
    MODERATE = "moderate"
    MANAGE_CHANNELS = "manage_channels"  # rename, archive, remove participants, without being the channel's admin
    CREATE_CHANNELS = "create_channels"
    BROWSE = (
        "browse"  # see public channels and all members; without it: only one's own conversations and who is in them
    )
    START_DIRECT = "start_direct"
    MENTION_EVERYONE = "mention_everyone"  # @channel, @here and @group outside small groups


_MEMBER: Final = frozenset({Right.CREATE_CHANNELS, Right.BROWSE, Right.START_DIRECT, Right.MENTION_EVERYONE})
_MODERATOR: Final = _MEMBER | {Right.MODERATE, Right.MANAGE_CHANNELS}
_ADMIN: Final = _MODERATOR | {
    Right.CHANGE_ORGANIZATION,
    Right.CHANGE_ROLES,
    Right.DEACTIVATE_MEMBERS,
    Right.INVITE,
    Right.READ_AUDIT_LOG,
}

RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    Role.OWNER: _ADMIN,
    Role.ADMIN: _ADMIN,
    Role.MODERATOR: _MODERATOR,
    Role.MEMBER: _MEMBER,
    Role.GUEST: frozenset({Right.START_DIRECT}),
}

RANK: Final[dict[Role, int]] = {role: rank for rank, role in enumerate(reversed(Role))}


def has_right(role: str, right: Right) -> bool:
    return right in RIGHTS[Role(role)]


def is_above(role: str, other: str) -> bool:
    """Return whether `role` ranks above `other`."""
    return RANK[Role(role)] > RANK[Role(other)]


def may_moderate(actor: str, subject: str) -> bool:
    """Return whether a member of the role `actor` may take measures against one of the role `subject`.

    Owners may against everybody, others with the right against lower ranks.
    """
    if not has_right(actor, Right.MODERATE):
        return False
    return actor == Role.OWNER or RANK[Role(subject)] < RANK[Role(actor)]


def may_change_role(actor: str, subject: str, new: str) -> bool:
    """Return whether a member of the role `actor` may change the role of another from `subject` to `new`.

    Owners may change every role. Others with the right change lower ranks only, and never to a rank above their own.
    """
    if not has_right(actor, Right.CHANGE_ROLES):
        return False
    if actor == Role.OWNER:
        return True
    return RANK[Role(subject)] < RANK[Role(actor)] and RANK[Role(new)] <= RANK[Role(actor)]
