"""Founding and changing organizations."""

from __future__ import annotations

from typing import Final, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext

from accounts import rules
from accounts.actions.changes import apply_changes, check_fields, check_version
from accounts.actions.members import add_member
from accounts.audit import record
from accounts.clean_text import clean_line
from accounts.errors import Conflict, Forbidden, Invalid
from accounts.models import Member, Organization, User
from accounts.roles import Right, Role
from accounts.rules import governed
from accounts.signals import organization_changed, organization_created
from accounts.tenancy import entering, memberships_of

ORGANIZATIONS_PER_USER: Final = 50  # more than anybody works in; the switcher lists them all
RESERVED_SLUGS: Final = frozenset(  # words that an address of ours, or a person, could mean something else by
    """
    about abuse account accounts admin api app assets auth billing blog chat contact docs download everyone healthz help
    home invite join legal login logout mail media metrics new null o oauth organization organizations parley privacy
    readyz root schema security settings shared signin signup sso static status support system terms test undefined
    user users webhook webhooks ws www
    """.split()  # noqa: SIM905  # a word a line is sixty lines
)


class OrganizationChanges(TypedDict, total=False):
    """`edit_window`: seconds in which authors may edit a message, None for always. `retention_days`: None for ever."""

    name: str
    description: str
    edit_window: int | None
    retention_days: int | None


@transaction.atomic
def create_organization(user: User, *, name: str, slug: str = "", handle: str = "", member_name: str = "") -> Member:
    """Found an organization; returns its owner, the member that `user` becomes. Without `slug`, one is made of `name`.

    Raises Invalid for a name or slug that cannot be, or that is reserved, Conflict for a slug that is taken and beyond
    ORGANIZATIONS_PER_USER.
    """
    if len(memberships_of(user)) >= ORGANIZATIONS_PER_USER:
        raise Conflict(
            gettext("You are already in %(organizations_per_user)s organizations, which is the maximum.")
            % {"organizations_per_user": ORGANIZATIONS_PER_USER}
        )
    organization = _insert(Organization(name=clean_line(name), slug=slug.strip().lower() or suggest_slug(name)))
    with entering(organization):
        owner = add_member(organization, user, role=Role.OWNER, handle=handle, name=member_name)
        record("organization.created", actor=owner, target=organization, after={"slug": organization.slug})
        organization_created.send(sender=Organization, organization=organization, owner=owner)
    return owner


def check_new_organization(*, name: str, slug: str) -> None:
    """Raises what `create_organization` would raise about name and slug, without making anything."""
    organization = Organization(name=clean_line(name), slug=slug.strip().lower() or suggest_slug(name))
    _check(organization)
    if Organization.objects.filter(slug=organization.slug).exists():
        raise _taken(organization)


def suggest_slug(name: str) -> str:
    """A free slug made of a name: `acme`, or `acme-2` when that is taken or reserved."""
    base = slugify(name)[:36].strip("-") or "organization"
    taken = set(Organization.objects.filter(slug__startswith=base).values_list("slug", flat=True)) | RESERVED_SLUGS
    candidates = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 2))
    return next(slug for slug in candidates if slug not in taken)


@governed(rules.CHANGE_ORGANIZATION)
@transaction.atomic
def change_organization(
    member: Member, *, version: int | None = None, **changes: Unpack[OrganizationChanges]
) -> Organization:
    """Raises Forbidden without the right, Conflict when `version` is not the current one, Invalid.

    Locks the organization.
    """
    if not member.may(Right.CHANGE_ORGANIZATION):
        raise Forbidden
    organization = Organization.objects.select_for_update(no_key=True).get(pk=member.organization_id)
    check_version(organization, version)
    before, after = apply_changes(organization, changes)
    if after:
        record("organization.changed", actor=member, target=organization, before=before, after=after)
        organization_changed.send(sender=Organization, organization=organization)
    return organization


def _insert(organization: Organization) -> Organization:
    _check(organization)
    try:
        with transaction.atomic():
            organization.save(force_insert=True)
    except IntegrityError as error:
        raise _taken(organization) from error
    return organization


def _check(organization: Organization) -> None:
    check_fields(organization, "name", "slug")
    if organization.slug in RESERVED_SLUGS:
        raise Invalid({"slug": [gettext("This address is reserved. Choose another one.")]})


def _taken(organization: Organization) -> Conflict:
    return Conflict(gettext("The address “%(slug)s” is taken.") % {"slug": organization.slug})
