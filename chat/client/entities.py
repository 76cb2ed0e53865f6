"""Entities without rules of their own, by collection and key: a newer one replaces an older one.

The server's registry says which these are (`rules.py` is generated from it), so a new entity needs no code here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chat.client.rules import RULES, Rule

Entity = dict[str, Any]


class Entities(dict[str, dict[str, Entity]]):
    """By the name of the collection, then by key."""

    def __init__(self) -> None:
        super().__init__({rule.collection: {} for rule in RULES.values()})

    def put(self, noun: str, entity: Entity) -> None:
        """Keep the entity if it is newer. An entity of another noun belongs to a later version of the server."""
        if (rule := RULES.get(noun)) is not None:
            known = self[rule.collection].get(entity[rule.key])
            if known is None or entity["version"] > known["version"]:
                self[rule.collection][entity[rule.key]] = entity

    def take(self, answer: Entity) -> None:
        """Keep what a page of sync holds; a server of an earlier version leaves some collections out."""
        for noun, rule in RULES.items():
            entities = answer.get(rule.collection)
            if entities is None:
                continue
            if rule.whole:
                self[rule.collection].clear()
            for entity in entities:
                self.put(noun, entity)

    def take_owned(self, member: Entity) -> Entity:
        """Keep the entities that REST answers with inside their member, and return the member without them."""
        owned = {noun for noun, rule in RULES.items() if rule.owner == "member" and noun in member}
        for noun in owned:
            if member[noun] is not None:
                self.put(noun, member[noun])
        return {name: value for name, value in member.items() if name not in owned}

    def forget_owned(self, owner: str, gone: Callable[[str], bool]) -> None:
        """Forget the entities of the members, or of the conversations, that are gone."""
        for rule in RULES.values():
            if rule.owner == owner:
                self._keep(rule, lambda entity: not gone(entity[owner]))

    def forget_moderated(self) -> None:
        """Forget what only moderators may know."""
        for rule in RULES.values():
            if rule.moderators:
                self._keep(rule, lambda entity: False)

    def _keep(self, rule: Rule, wanted: Callable[[Entity], bool]) -> None:
        known = self[rule.collection]
        self[rule.collection] = {key: entity for key, entity in known.items() if wanted(entity)}
