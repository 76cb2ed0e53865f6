"""The roles of an organization and one table of what each may do."""

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
    """What a member may do in the organization as a whole; what they may do in a conversation is in chat/access."""

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
    """Whether `role` ranks above `other`."""
    return RANK[Role(role)] > RANK[Role(other)]


def may_moderate(actor: str, subject: str) -> bool:
    """Whether the one may take measures against the other: those of lower rank, and owners against everybody."""
    if not has_right(actor, Right.MODERATE):
        return False
    return actor == Role.OWNER or RANK[Role(subject)] < RANK[Role(actor)]


def may_change_role(actor: str, subject: str, new: str) -> bool:
    """Nobody raises anybody above themselves, nor touches an equal or a superior; owners may touch all."""
    if not has_right(actor, Right.CHANGE_ROLES):
        return False
    if actor == Role.OWNER:
        return True
    return RANK[Role(subject)] < RANK[Role(actor)] and RANK[Role(new)] <= RANK[Role(actor)]
