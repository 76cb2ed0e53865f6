"""The nets that do not depend on anybody remembering them."""

from __future__ import annotations

import ast
from pathlib import Path
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection, models, transaction

from accounts.models import Member
from accounts.tenancy import TenantManager, TenantModel, every_organization, organization_scope
from chat.models import Conversation, Event, MailboxEntry, Message, Participant, Reaction

OPENERS = {"organization_scope", "every_organization"}

# The four modules that open a scope, and the functions of tenancy.py itself.
ALLOWED = {
    "accounts/tenancy.py",
    "accounts/middleware.py",  # HTTP
    "chat/realtime/",  # socket
    "accounts/tasks.py",  # tasks
    "chat/tasks.py",
    "chat/delivery/followers/",  # a task as well: each call of a handler is for one organization
    "chat/management/commands/",  # management commands
    "accounts/management/commands/",
}


def sources() -> list[Path]:
    return [
        path
        for package in ("accounts", "chat", "config")
        for path in sorted((settings.BASE_DIR / package).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def names_used(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_a_scope_is_opened_in_four_places_only() -> None:
    openers = {str(path.relative_to(settings.BASE_DIR)) for path in sources() if names_used(path) & OPENERS}
    assert {name for name in openers if not name.startswith(tuple(ALLOWED))} == set()


def tenant_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def test_every_row_of_ours_carries_its_organization_or_says_why_not() -> None:
    # A user and their tokens belong to no organization; nodes and followers serve all; an entry belongs to its client.
    shared = {"User", "Organization", "ApiToken", "Node", "Follower"} | {MailboxEntry.__name__}
    ours = [m for m in apps.get_models() if m._meta.app_label in {"accounts", "chat"} and not m._meta.proxy]
    without = {m.__name__ for m in ours if "organization_id" not in {f.attname for f in m._meta.concrete_fields}}
    assert without <= shared
    for model in ours:
        if model.__name__ not in without:
            assert isinstance(model._default_manager, TenantManager), model


@pytest.mark.django_db
def test_every_reference_between_tenant_rows_is_a_composite_key() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, array_agg(a.attname::text ORDER BY k.position)"
            " FROM pg_constraint c, unnest(conkey) WITH ORDINALITY AS k (attnum, position), pg_attribute a"
            " WHERE contype = 'f' AND a.attrelid = conrelid AND a.attnum = k.attnum GROUP BY c.oid, conrelid"
        )
        keys = {(table, tuple(columns)) for table, columns in cursor.fetchall()}
    for model in tenant_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and issubclass(field.related_model, TenantModel):
                assert (model._meta.db_table, ("organization_id", field.column)) in keys, field


@pytest.mark.django_db
@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model.__name__)
def test_a_query_without_a_scope_is_refused(model: type[TenantModel]) -> None:
    from accounts.tenancy import NoOrganizationInScope

    with pytest.raises(NoOrganizationInScope):
        model.objects.count()
    with pytest.raises(NoOrganizationInScope):
        model(organization_id=uuid4()).save()
    with pytest.raises(NoOrganizationInScope):
        model.objects.bulk_create([model(organization_id=uuid4())])


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_charlie_as_a_participant_in_acme(alice: Member, charlie: Member) -> None:
    with organization_scope(alice.organization_id):
        town = Conversation.objects.create(organization_id=alice.organization_id, kind="public", name="town")
    foreign = [
        Participant(organization_id=alice.organization_id, conversation=town, member=charlie),
        Participant(organization_id=charlie.organization_id, conversation=town, member=charlie),
        Message(organization_id=alice.organization_id, conversation=town, author=charlie, seq=1),
        Event(
            organization_id=charlie.organization_id,
            conversation=town,
            type="message.created",
            entity_id=uuid4(),
            data="{}",
        ),
    ]
    for row in foreign:
        with pytest.raises(IntegrityError), every_organization(), transaction.atomic():
            row.save(force_insert=True)
    with every_organization():
        assert not Participant.objects.exists()
        assert not Message.objects.exists()
        assert not Reaction.objects.exists()
