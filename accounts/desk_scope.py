"""For whom the admin site opens: the scope of each of its requests, and what one may look at there.

Staff of the installation look at every organization, or at the one they chose. Moderators, admins and owners of an
organization work in that one alone; who may moderate several chooses. The middleware calls `enter` and opens the
scope, so every tenant query of a page is limited before any ModelAdmin has a say.
"""

from __future__ import annotations

from typing import Final, cast

from django.http import HttpRequest

from accounts.models import Member, Organization, User
from accounts.roles import Right
from accounts.tenancy import memberships_of

CHOSEN: Final = "desk_organization"  # the session's key for the slug of the organization that was chosen


class DeskRequest(HttpRequest):
    """What a view of the admin site is given.

    `member` acts: the person as a member of the organization in scope; None for staff who do not moderate it.
    """

    user: User
    everywhere: bool
    member: Member | None
    organization: Organization | None


def enter(request: HttpRequest) -> None:
    """Say for whom the site opens: sets `everywhere`, `member` and `organization`. Changes nothing else."""
    desk = cast(DeskRequest, request)
    desk.everywhere, desk.member, desk.organization = False, None, None
    if not request.user.is_active:  # nor is a visitor
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
    """Whether the site opened at all."""
    return bool(getattr(request, "everywhere", False)) or getattr(request, "organization", None) is not None


def may_look(request: HttpRequest, right: Right | None) -> bool:
    """Whether the person may look at what members with `right` may look at; None is for the installation's staff."""
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
