"""What the store does with entities that have no rules of their own. Generated from chat/entities/ by
tests/js/generate_types.py; a test compares them."""

from __future__ import annotations

from typing import Final, NamedTuple


class Rule(NamedTuple):
    collection: str
    key: str  # the field by which the collection is indexed
    owner: str = ""  # the field that names the member or the conversation with which the entity is forgotten
    whole: bool = False  # sync answers with the whole collection, in place of what is known
    moderators: bool = False  # only moderators keep it


RULES: Final = {
    "attention": Rule(collection="attention", key="id", owner="conversation"),
    "case": Rule(collection="cases", key="id", whole=True, moderators=True),
    "report": Rule(collection="reports", key="id"),
    "sanction": Rule(collection="sanctions", key="id"),
    "status": Rule(collection="statuses", key="member", owner="member"),
}
