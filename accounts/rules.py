"""Rules: what a member's act requires, declared once for each act. `@governed(RULE)` on the action enforces it.

The rules of this package are below, those of the chat are in chat/rules.py. tests/architecture/test_rules.py fails for
a public action of a member without a rule, and tests/chat/test_rules.py tests every address against the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Concatenate, Final, ParamSpec, TypeVar

from django.conf import settings

from accounts import throttle
from accounts.models import Member
from accounts.sanctions import muted

P = ParamSpec("P")
R = TypeVar("R")


class Pace(StrEnum):
    """A counter that several acts share. The value is the setting that bounds it for each member and minute."""

    MESSAGE = "MESSAGE_RATE"
    PUBLISH = "PUBLISH_RATE"  # what is published to the participants of a conversation
    ORGANIZATION = "ORGANIZATION_RATE"  # what is published to every client of the organization
    MODERATE = "MODERATION_RATE"
    OWN = "OWN_RATE"  # what is published to the member's own clients alone
    CLIENT = "CLIENT_RATE"
    READ = "READ_RATE"
    REPORT = "REPORT_RATE"
    PREVIEW = "PREVIEW_RATE"


class Because(StrEnum):
    """When an act requires a reason, which is recorded in the audit log."""

    NEVER = "never"
    STEPPING_IN = "stepping in"  # from moderators of the organization, not from those of the channel itself
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one act requires. A muted member may do what publishes no text of theirs and takes nothing from others."""

    act: str
    pace: Pace | None
    muted: bool = False  # whether a muted member may
    locked: bool = True  # whether members may in a locked conversation; its moderators always may
    archived: bool = True  # whether it can be done in an archived channel
    ranked: bool = False  # whether it is refused against a member whose role is above the actor's
    reason: Because = Because.NEVER


# --- Of the organization ------------------------------------------------------------------------------

CHANGE_PROFILE: Final = Rule(act="profile.change", pace=Pace.ORGANIZATION)
CHANGE_PREFERENCES: Final = Rule(act="preferences.change", pace=Pace.OWN, muted=True)
CHANGE_ORGANIZATION: Final = Rule(act="organization.change", pace=Pace.ORGANIZATION)
INVITE: Final = Rule(act="invitation.create", pace=Pace.PUBLISH)
REVOKE_INVITATION: Final = Rule(act="invitation.revoke", pace=Pace.PUBLISH, muted=True)
# Muted owners must still be able to act against the member who muted them.
CHANGE_ROLE: Final = Rule(act="role.change", pace=Pace.MODERATE, muted=True, ranked=True)
DEACTIVATE: Final = Rule(act="member.deactivate", pace=Pace.MODERATE, muted=True, ranked=True)
REACTIVATE: Final = Rule(act="member.reactivate", pace=Pace.MODERATE, muted=True, ranked=True)
# Imposed by the chat's actions, which are governed by rules of their own.
SANCTION: Final = Rule(act="member.sanction", pace=None, ranked=True, reason=Because.ALWAYS)


def governed(rule: Rule) -> Callable[[Callable[Concatenate[Member, P], R]], Callable[Concatenate[Member, P], R]]:
    """Check what `rule` requires of the member before the action begins, outside its transaction.

    Raises Forbidden for a muted member, Throttled beyond the pace. The action itself checks, through chat/access, what
    the rule requires of a conversation, of ranks and of reasons.
    """

    def decorate(action: Callable[Concatenate[Member, P], R]) -> Callable[Concatenate[Member, P], R]:
        @wraps(action)
        def act(member: Member, /, *args: P.args, **kwargs: P.kwargs) -> R:
            require_voice(member, rule)
            if rule.pace is not None:
                keep_pace(member, rule.pace)
            return action(member, *args, **kwargs)

        act.rule = rule  # type: ignore[attr-defined]  # what tests/architecture reads
        return act

    return decorate


def require_voice(member: Member, rule: Rule) -> None:
    """Raise Forbidden for a muted member, unless the rule allows the act to muted members."""
    if not rule.muted and member.is_muted:
        raise muted(member)


def keep_pace(member: Member, pace: Pace) -> None:
    """Count one act. Raises Throttled beyond the bound of the present minute."""
    throttle.count(pace.name.lower(), member.pk, limit=getattr(settings, pace.value) or settings.MESSAGE_RATE)
