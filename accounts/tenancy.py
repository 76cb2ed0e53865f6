"""The organization in scope: the one whose rows the running code may read and write.

Every query on a tenant-owned model goes through :class:`TenantManager`, which adds the organization in scope and raises
:class:`NoOrganizationInScope` when none is: a forgotten filter raises instead of returning rows of another tenant. The
scope is a context variable, so it follows a request through threads (asgiref copies the context) and tasks.

A scope is opened in exactly four cases: the HTTP middleware (on the admin site the scope is chosen
by accounts/desk_scope.py), the socket, a task, a management command. The functions at the end of this file open one as
well, to find an organization by a user or by the secret of an invitation.
The idea is that of django-scopes (pretix), which keeps it per thread and so does not fit asynchronous code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar
from uuid import UUID

from django.db import models
from django.db.backends.ddl_references import Statement
from uuid_utils.compat import uuid7

if TYPE_CHECKING:
    from accounts.models import Invitation, Member, Organization, User

_EVERY: Final = object()
_scope: ContextVar[Any] = ContextVar("organization_scope", default=None)

T = TypeVar("T", bound=models.Model)


class NoOrganizationInScope(RuntimeError):
    """Code asked for a tenant-owned row while no organization was in scope. This is an error of the program."""


class WrongOrganization(RuntimeError):
    """Code was about to write a row of one organization while another one was in scope."""


@contextmanager
def organization_scope(organization: Organization | UUID) -> Iterator[None]:
    """Limit every tenant query in the block to one organization."""
    token = _scope.set(organization if isinstance(organization, UUID) else organization.pk)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def every_organization() -> Iterator[None]:
    """Lift the limit, for work that belongs to the installation: purges, seeding, the staff's admin site."""
    token = _scope.set(_EVERY)
    try:
        yield
    finally:
        _scope.reset(token)


def current_organization_id() -> UUID | None:
    """Return the organization in scope, None where every one is. Raises NoOrganizationInScope outside any scope."""
    value = _scope.get()
    if value is None:
        raise NoOrganizationInScope("open organization_scope() before touching tenant-owned rows")
    return None if value is _EVERY else value


class TenantQuerySet(models.QuerySet[T]):
    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[T]:
        rows = list(objs)
        for row in rows:
            _check_owner(row)
        return super().bulk_create(rows, *args, **kwargs)


class TenantManager(models.Manager[T]):
    """The default manager of tenant-owned models; reverse relations inherit it, so they are limited too."""

    _queryset_class = TenantQuerySet

    def get_queryset(self) -> models.QuerySet[T]:
        organization_id = current_organization_id()
        queryset: models.QuerySet[Any] = super().get_queryset()
        return queryset if organization_id is None else queryset.filter(organization_id=organization_id)


class TenantModel(models.Model):
    """A row that belongs to one organization."""

    organization_id: UUID
    # No index of its own: every table has a key that begins with it, or is reached through its conversation.
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, related_name="+", db_index=False
    )

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        _check_owner(self)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        _check_owner(self)
        return super().delete(*args, **kwargs)


def _check_owner(row: Any) -> None:
    organization_id = current_organization_id()
    if organization_id is not None and row.organization_id != organization_id:
        raise WrongOrganization(f"{type(row).__name__} belongs to another organization than the one in scope")


class TenantReference(models.BaseConstraint):
    """A composite foreign key `(organization_id, <field>_id)`, by which the database refuses cross-tenant references.

    It replaces the single-column key of `field`, which is declared with `db_constraint=False`, so that a row is checked
    once. The target needs `tenant_key(...)` in its constraints. `on_delete` is what the database does.
    """

    def __init__(self, *, field: str, to: str, name: str, on_delete: str = "NO ACTION") -> None:
        super().__init__(name=name)
        self.field, self.to, self.on_delete = field, to, on_delete

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        quote = schema_editor.quote_name
        # Deferred to commit: rows that refer to each other may be written in any order inside a transaction.
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (organization_id, %(column)s)"
            " REFERENCES %(to)s (organization_id, id) ON DELETE %(on_delete)s DEFERRABLE INITIALLY DEFERRED",
            table=quote(model._meta.db_table),
            name=quote(self.name),
            column=quote(f"{self.field}_id"),
            to=quote(self.to),
            on_delete=self.on_delete,
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        quote = schema_editor.quote_name
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
            table=quote(model._meta.db_table),
            name=quote(self.name),
        )

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        """Add nothing to CREATE TABLE: the target's key may be missing. It is added at the end of the migration."""
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Validate nothing: only the database sees both rows."""

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, tuple(args), {**kwargs, "field": self.field, "to": self.to, "on_delete": self.on_delete}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TenantReference) and self.deconstruct() == other.deconstruct()

    __hash__ = models.BaseConstraint.__hash__


def tenant_key(name: str) -> models.UniqueConstraint:
    """Return the key `(organization_id, id)` that a TenantReference refers to."""
    return models.UniqueConstraint(fields=["organization", "id"], name=name)


def new_id() -> UUID:
    """Return a UUIDv7. It sorts by time, so that new rows are added at the right edge of an index."""
    return uuid7()


# --- Doors: the only ways from a user, or a secret, to the rows of an organization nobody has entered yet -------------


def memberships_of(user: User) -> list[Member]:
    """Return the active memberships of `user`, each with its organization, sorted by the organization's name."""
    with every_organization():
        return list(_active_members(user).order_by("organization__name", "organization_id"))


def suspensions_of(user: User) -> list[Member]:
    """Return the suspended memberships of `user`, each with its organization, only to show them to the user."""
    from accounts.models import Member

    with every_organization():
        rows = Member.objects.filter(user=user, suspended_at__isnull=False).select_related("organization")
        return list(rows.order_by("organization__name", "organization_id"))


def suspension_of(user: User, slug: str) -> Member | None:
    """Return the suspended membership of `user` in the organization `slug`, only to show it to the user."""
    return next((member for member in suspensions_of(user) if member.organization.slug == slug), None)


def member_of(user: User, slug: str) -> Member | None:
    """Return the active membership of `user` in the organization `slug`.

    Return None for a stranger, for a deactivated member and for an organization that does not exist. All three take the
    same query, so its duration does not distinguish them.
    """
    with every_organization():
        member: Member | None = _active_members(user).filter(organization__slug=slug).first()
        return member


def members_of(users: Collection[User], slugs: Collection[str]) -> dict[tuple[UUID, str], Member]:
    """Return the active memberships of several users in several organizations, by user id and slug."""
    from accounts.models import Member

    with every_organization():
        rows = Member.objects.filter(user__in=users, organization__slug__in=slugs, deactivated_at=None)
        return {(each.user_id, each.organization.slug): each for each in rows.select_related("organization")}


def invitation_by_hash(secret_hash: str) -> Invitation | None:
    """Return the invitation of a link in any state, with its organization and the member who invited."""
    from accounts.models import Invitation

    with every_organization():
        rows = Invitation.objects.select_related("organization", "invited_by__user")
        invitation: Invitation | None = rows.filter(secret_hash=secret_hash).first()
        return invitation


@contextmanager
def entering(organization: Organization) -> Iterator[None]:
    """Open the scope in which a user becomes a member: to found an organization or to accept an invitation."""
    with organization_scope(organization):
        yield


def _active_members(user: User) -> models.QuerySet[Any]:
    from accounts.models import Member

    rows: models.QuerySet[Any] = Member.objects.filter(user=user, deactivated_at=None)
    return rows.select_related("organization", "user")
