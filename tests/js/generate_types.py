"""Write static/js/client/types.js from the registry of entities: `python -m tests.js.generate_types`."""

from __future__ import annotations

import os
import types
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import django
from msgspec import Struct, UnsetType

TARGET = Path(__file__).parents[2] / "static/js/client/types.js"
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

export {};
"""


def generate() -> str:
    from chat.entities.registry import event_types, registrations
    from chat.queries.sync import SyncAnswer

    structs = _with_parts([*(registration.struct for registration in registrations()), SyncAnswer])
    return HEADER + "".join(_typedef(struct) for struct in structs) + _event(event_types())


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
