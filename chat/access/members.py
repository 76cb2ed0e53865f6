"""Members that one member may know of."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from accounts.models import Member
from accounts.roles import Right
from chat.access.predicates import PRESENT, participations_of
from chat.errors import NotFound
from chat.models import Participant


def visible_members(member: Member) -> QuerySet[Member]:
    """Return everybody in the organization; for a guest, the members who share a conversation with them."""
    if member.may(Right.BROWSE):
        return Member.objects.all()
    own = participations_of(member).values("conversation")
    met = Participant.objects.filter(PRESENT, conversation__in=own).values("member")
    return Member.objects.filter(Q(pk=member.pk) | Q(pk__in=met))


def known_members(member: Member) -> QuerySet[Member]:
    """Return the visible members and, for a guest, everybody who ever took part in the guest's conversations.

    Messages of former participants are still read there, under their names.
    """
    if member.may(Right.BROWSE):
        return Member.objects.all()
    own = participations_of(member).values("conversation")
    ever_met = Participant.objects.filter(conversation__in=own).values("member")
    return Member.objects.filter(Q(pk=member.pk) | Q(pk__in=ever_met))


def find_member(member: Member, member_id: UUID) -> Member:
    """Return a member that `member` may know of. Raises NotFound."""
    found = known_members(member).filter(pk=member_id).first()
    if found is None:
        raise NotFound
    return found


def find_members(member: Member, member_ids: list[UUID]) -> list[Member]:
    """Return several active members, in ascending order of id. Raises NotFound when one of them is missing."""
    wanted = set(member_ids)
    found = list(visible_members(member).filter(pk__in=wanted, deactivated_at=None).order_by("pk"))
    if len(found) != len(wanted):
        raise NotFound(gettext("There is no such member, or they are not yours to see."))
    return found
