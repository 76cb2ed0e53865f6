"""Each registered entity has what the recipe "How to add an entity" lists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from chat.client.rules import RULES
from chat.entities.registry import Registration, registrations
from chat.queries.sync.answer import SyncAnswer
from chat.queries.sync.page import all_readers

ROOT = Path(settings.BASE_DIR)
ENTITIES = registrations()
PLAIN = [each for each in ENTITIES if each.collection]  # without rules of their own


def module_of(entity: Registration) -> str:
    return entity.struct.__module__.rpartition(".")[2]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.noun)
def test_it_is_described(entity: Registration) -> None:
    """Its docstring is the description in the published schemas. The oldest ones describe themselves by their names."""
    assert entity.struct.__doc__ or not entity.collection


@pytest.mark.parametrize("entity", PLAIN, ids=lambda entity: entity.noun)
def test_sync_answers_with_it(entity: Registration) -> None:
    assert entity.struct in all_readers()
    assert entity.collection in SyncAnswer.__struct_fields__


@pytest.mark.parametrize("entity", PLAIN, ids=lambda entity: entity.noun)
def test_both_stores_know_its_rule(entity: Registration) -> None:
    assert RULES[entity.noun].collection == entity.collection
    assert f'  {entity.noun}: {{ collection: "{entity.collection}"' in (ROOT / "static/js/client/types.js").read_text()


@pytest.mark.parametrize("entity", PLAIN, ids=lambda entity: entity.noun)
def test_no_store_names_it(entity: Registration) -> None:
    """Both stores treat it by its rule. What a person sees of a collection may be computed, as the open cases are."""
    for store in ("chat/client/entities.py", "static/js/client/store/entities.js"):
        assert not re.search(rf'"{entity.noun}"|"{entity.collection}"', (ROOT / store).read_text()), store


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.noun)
def test_its_events_are_proven(entity: Registration) -> None:
    """tests/sync/test_complete.py checks that a proof names each type; this is where one looks for it."""
    proofs = "\n".join(path.read_text() for path in (ROOT / "tests" / "sync").glob("test_*.py"))
    assert [type for type in entity.event_types if f'"{type}"' not in proofs] == []
