"""Access to the admin site: the scope of each of its requests, and what a user may see there.

Staff of the installation see every organization, or the one that they chose. Moderators, admins and owners see their
own organization only; a user who moderates several chooses one. The middleware calls `enter` and opens the scope, so
every tenant query of a page is limited before a ModelAdmin runs.
"""

from __future__ import annotations

from typing import Final, cast

from django.http import HttpRequest

from accounts.models import Member, Organization, User
from accounts.roles import Right
from accounts.tenancy import memberships_of

CHOSEN: Final = "desk_organization"  # the session's key for the slug of the organization that was chosen


class DeskRequest(HttpRequest):
    """The request that a view of the admin site gets.

    `member` is the actor: the user as a member of the organization in scope; None for staff who do not moderate it.
    """

    user: User
    everywhere: bool
    member: Member | None
    organization: Organization | None


def enter(request: HttpRequest) -> None:
    """Set `everywhere`, `member` and `organization` on the request. Changes nothing else."""
    desk = cast(DeskRequest, request)
    desk.everywhere, desk.member, desk.organization = False, None, None
    if not request.user.is_active:  # visitors are not active either
        return
    chosen = request.session.get(CHOSEN, "")
    memberships = {member.organization.slug: member for member in moderated_memberships(desk.user)}
    if desk.user.is_staff:
        desk.member = memberships.get(chosen)
        desk.organization = desk.member.organization if desk.member else organization_called(chosen)
        desk.everywhere = desk.organization is None
    elif memberships:
        desk.member = memberships.get(chosen) or next(iter(memberships.values()))
        desk.organization = desk.member.organization


def is_inside(request: HttpRequest) -> bool:
    """Return whether the user may enter the site."""
    return bool(getattr(request, "everywhere", False)) or getattr(request, "organization", None) is not None


def may_look(request: HttpRequest, right: Right | None) -> bool:
    """Return whether the user may see what `right` allows to see. None: only the staff of the installation."""
    if not is_inside(request):
        return False
    desk = cast(DeskRequest, request)
    if desk.user.is_staff:
        return True
    return right is not None and desk.member is not None and desk.member.may(right)


def moderated_memberships(user: User) -> list[Member]:
    """Return the memberships in which the user may moderate, ordered by the name of the organization."""
    return [member for member in memberships_of(user) if member.may(Right.MODERATE)]


def organization_called(slug: str) -> Organization | None:
    return Organization.objects.filter(slug=slug).first() if slug else None
