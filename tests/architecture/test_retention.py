"""Whatever refers to a message is known to retention, so that the next model cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection, models

from chat.actions import retention
from chat.content.facets import facets
from chat.models import Message

# Every id that is no foreign key. Those of messages, and who takes care of them; the ids of all else.
OF_MESSAGES = {"chat.Event.entity_id": "redact.py empties what the events of a message say; they themselves stay"}
OF_OTHERS = {
    *(
        "chat.Attention.id",
        "chat.Conversation.id",
        "chat.Message.id",
        "chat.Report.id",
        "chat.Sanction.id",
        "chat.Client.public_id",
    ),
    *("chat.AckedEntry.organization_id", "chat.AckedEntry.member_id", "chat.AckedEntry.client"),
    *("chat.Conversation.people", "chat.Event.member_id", "chat.Message.ref", "chat.Message.mentions"),
    *("chat.Message.thread_author", "chat.Message.pinned_by", "chat.FollowerQueue.held"),
}


def references() -> Iterator[str]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.related_model is Message:
                yield f"{model._meta.label}.{field.name}"


def test_every_foreign_key_to_a_message_is_known() -> None:
    known = retention.references()
    assert set(references()) == known.keys()
    assert set(known.values()) <= {"deleted", "nulled", "kept"}
    assert {key for key, fate in known.items() if fate == "deleted"} == {
        f"{model._meta.label}.message" for facet in facets() for model in facet.models
    }
    for name, fate in known.items():
        model, _, field = name.rpartition(".")
        assert apps.get_model(model)._meta.get_field(field).null == (fate != "deleted"), name


def test_no_id_is_kept_whose_nature_nobody_has_said() -> None:
    bare = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_app_config("chat").get_models()
        for field in model._meta.concrete_fields
        if not field.is_relation and models.UUIDField in {type(field), type(getattr(field, "base_field", None))}
    }
    assert bare == OF_MESSAGES.keys() | OF_OTHERS


@pytest.mark.django_db
def test_the_database_knows_of_no_other_reference() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.conrelid::regclass::text, array_agg(a.attname::text) FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)"
            " WHERE c.contype = 'f' AND c.confrelid = 'chat_message'::regclass GROUP BY c.oid, c.conrelid"
        )
        found = {f"{table}.{column}" for table, columns in cursor.fetchall() for column in columns}
    known = {name.rpartition(".") for name in retention.references()}
    columns = {(apps.get_model(model)._meta, field) for model, _, field in known}
    assert {each for each in found if not each.endswith(".organization_id")} == {
        f"{meta.db_table}.{meta.get_field(field).attname}" for meta, field in columns
    }
