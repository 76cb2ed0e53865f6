"""Write what the clients know of the entities, from the registry: `python -m tests.js.generate_types`.

static/js/client/types.js holds the types and the rules of the browser's store, chat/client/rules.py the rules of
the store in Python.
"""

from __future__ import annotations

import json
import os
import types
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import django
from msgspec import Struct, UnsetType

if TYPE_CHECKING:
    from chat.entities.registry import Registration

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "static/js/client/types.js"
PYTHON_TARGET = ROOT / "chat/client/rules.py"
SIMPLE = {
    UUID: "string",
    datetime: "string",
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    Any: "unknown",
    type(None): "null",
}
HEADER = """\
/**
 * The entities of the wire protocol. Generated from chat/entities/ and chat/queries/sync/ by
 * tests/js/generate_types.py; a test compares them. Ids are UUIDs, times RFC 3339 in UTC.
 */
"""


RULES = """
/**
 * What the store does with entities that have no rules of their own, by the noun of their events. `key` is the field by
 * which the collection is indexed. `owner` names the member or the conversation with which the entity is forgotten.
 * `whole`: sync answers with the whole collection, in place of what is known. `moderators`: only they keep it.
 *
 * @type {{Record<string, Rule>}}
 */
export const RULES = {{
{}}};

/**
 * @typedef {{object}} Rule
 * @property {{keyof Collections}} collection
 * @property {{string}} key
 * @property {{"member" | "conversation"}} [owner]
 * @property {{boolean}} [whole]
 * @property {{boolean}} [moderators]
 */
"""
PYTHON_HEADER = """\
\"\"\"What the store does with entities that have no rules of their own. Generated from chat/entities/ by
tests/js/generate_types.py; a test compares them.\"\"\"

from __future__ import annotations

from typing import Final, NamedTuple


class Rule(NamedTuple):
    collection: str
    key: str  # the field by which the collection is indexed
    owner: str = ""  # the field that names the member or the conversation with which the entity is forgotten
    whole: bool = False  # sync answers with the whole collection, in place of what is known
    moderators: bool = False  # only moderators keep it


RULES: Final = {
"""


def generate_python() -> str:
    return PYTHON_HEADER + "".join(_python_rule(each) for each in _with_collection()) + "}\n"


def _python_rule(registration: Registration) -> str:
    values = [f'{name}="{value}"' if isinstance(value, str) else f"{name}=True" for name, value in _rule(registration)]
    return f'    "{registration.noun}": Rule({", ".join(values)}),\n'


def generate() -> str:
    from chat.entities.registry import event_types, registrations
    from chat.queries.sync import SyncAnswer

    structs = _with_parts([*(registration.struct for registration in registrations()), SyncAnswer])
    return HEADER + _rules() + "".join(_typedef(struct) for struct in structs) + _collections() + _event(event_types())


def _rules() -> str:
    return RULES.format("".join(_browser_rule(each) for each in _with_collection()))


def _browser_rule(registration: Registration) -> str:
    fields = ", ".join(f"{name}: {json.dumps(value)}" for name, value in _rule(registration))
    return f"  {registration.noun}: {{ {fields} }},\n"


def _collections() -> str:
    """One typedef of the collections that need no code in the store."""
    lines = [f" * @property {{Map<string, {each.struct.__name__}>}} {each.collection}" for each in _with_collection()]
    return "\n".join(["", "/**", " * @typedef {object} Collections", *lines, " */", ""])


def _with_collection() -> list[Registration]:
    from chat.entities.registry import registrations

    return [registration for registration in registrations() if registration.collection]


def _rule(registration: Registration) -> list[tuple[str, str | bool]]:
    """What is special about it: fields that are empty or false are left out."""
    names = ("collection", "key", "owner", "whole", "moderators")
    return [(name, getattr(registration, name)) for name in names if getattr(registration, name)]


def _with_parts(structs: Iterable[type[Struct]]) -> list[type[Struct]]:
    """The structs in order, each after the structs that its fields refer to."""
    found: dict[type[Struct], None] = {}
    for struct in structs:
        if struct not in found:
            parts = [part for hint in get_type_hints(struct).values() for part in _structs_in(hint)]
            found |= dict.fromkeys([*_with_parts(part for part in parts if part not in found), struct])
    return list(found)


def _structs_in(hint: Any) -> Iterator[type[Struct]]:
    if isinstance(hint, type) and issubclass(hint, Struct):
        yield hint
    for part in get_args(hint):
        yield from _structs_in(part)


def _event(names: list[str]) -> str:
    """One typedef for all of them: which entity `data` is, is said by the noun of `type`."""
    choice = " | ".join(f'"{name}"' for name in names)
    lines = [
        " * @property {number} id",
        f" * @property {{{choice}}} type",
        " * @property {string | null} conversation",
        " * @property {string} at",
        " * @property {any} data the entity that the noun of `type` names",
    ]
    return "\n".join(["", "/**", " * @typedef {object} Event", *lines, " */", ""])


def _typedef(entity: type[Struct]) -> str:
    lines = [_property(name, hint) for name, hint in get_type_hints(entity).items()]
    return "\n".join(["", "/**", f" * @typedef {{object}} {entity.__name__}", *lines, " */", ""])


def _property(name: str, hint: Any) -> str:
    optional = UnsetType in get_args(hint)
    return f" * @property {{{_type(hint)}}} {f'[{name}]' if optional else name}"


def _type(hint: Any) -> str:
    if get_origin(hint) in (Union, types.UnionType):
        return " | ".join(_type(part) for part in get_args(hint) if part is not UnsetType)
    if get_origin(hint) is Literal:
        return " | ".join(f'"{value}"' for value in get_args(hint))
    if hint == list[list[int]]:
        return "[number, number][]"  # ranges of sequence numbers, both ends included
    if get_origin(hint) is list:
        return f"{_type(get_args(hint)[0])}[]"
    return SIMPLE.get(hint) or hint.__name__


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    TARGET.write_text(generate())
    PYTHON_TARGET.write_text(generate_python())
