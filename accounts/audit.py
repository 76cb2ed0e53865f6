"""The audit log: who changed what, and from which address.

Actions call `record` inside their transaction, so that a change and its entry commit together or not at all. Entries
are only added: a trigger in the database refuses to change and to delete them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import models
from django.http import HttpRequest

from accounts.models import AuditEntry, Member, Organization, User
from accounts.network import base_url, client_address


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from. `base_url`: the beginning of the links that are made while it is handled."""

    address: str | None = None
    user_agent: str = ""
    request_id: str = ""
    base_url: str = ""


NOWHERE = Origin()  # the system itself: a task, a management command
_origin: ContextVar[Origin] = ContextVar("audit_origin", default=NOWHERE)


@contextmanager
def acting_from(origin: Origin) -> Iterator[None]:
    """Let `origin` be the origin of all entries that are recorded in the block."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def current_origin() -> Origin:
    return _origin.get()


def origin_of(request: HttpRequest) -> Origin:
    return Origin(
        address=client_address(request),
        user_agent=request.headers.get("User-Agent", "")[:200],
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
        base_url=base_url(request),
    )


def record(
    action: str,
    *,
    actor: Member | User | None,
    target: models.Model | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Add one entry. `action` is `<noun>.<past participle>`, `before` and `after` hold only the fields that changed.

    A Member acts in their organization, which then owns the entry; a User acts on their own account, outside any.
    """
    member = actor if isinstance(actor, Member) else None
    entry = AuditEntry(
        organization_id=_organization_of(member, target),
        actor_id=member.pk if member else None,
        user_id=member.user_id if member else getattr(actor, "pk", None),
        action=action,
        target_type=target._meta.model_name or "" if target else "",
        target_id=str(target.pk) if target else "",
        before=before,
        after=after,
        reason=reason[:500],
        address=current_origin().address,
        user_agent=current_origin().user_agent,
        request_id=current_origin().request_id,
    )
    entry.save(force_insert=True)
    return entry


def find_entries(
    *,
    action: str = "",
    actor_id: UUID | None = None,
    target_type: str = "",
    target_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
) -> models.QuerySet[AuditEntry]:
    """Return entries of the organization in scope, the newest first.

    `action`: the action or its beginning. `before`: only entries older than the one with this id; if there is no such
    entry, return none.
    """
    rows: models.QuerySet[AuditEntry] = AuditEntry.objects.order_by("-at", "-id")
    exact = {"actor_id": actor_id, "target_type": target_type, "target_id": target_id}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if action:
        rows = rows.filter(action__startswith=action)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lte=until)
    if before is not None:
        last = AuditEntry.objects.filter(pk=before).first()
        rows = rows.filter(older_than(last.at, last.pk)) if last is not None else rows.none()
    return rows


def older_than(at: datetime, id: int) -> models.Q:
    """Return the condition for entries before that one. Its first half is redundant: it lets the index be used."""
    return models.Q(at__lte=at) & (models.Q(at__lt=at) | models.Q(id__lt=id))


def _organization_of(member: Member | None, target: models.Model | None) -> UUID | None:
    if member is not None:
        return member.organization_id
    if isinstance(target, Organization):
        return target.pk
    return getattr(target, "organization_id", None)
