"""Change one row: clean its text, check its fields, and save only what differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.db import models

from accounts.clean_text import clean_line
from accounts.errors import Conflict, Invalid

Values = dict[str, Any]


class Versioned(Protocol):
    version: int


def check_fields(row: models.Model, *fields: str) -> None:
    """Raises Invalid with the sentences of the model's validators about `fields`."""
    others = {field.name for field in row._meta.fields} - set(fields)
    try:
        row.clean_fields(exclude=others)
    except ValidationError as error:
        raise Invalid(error.message_dict) from error


def check_version(row: Versioned, version: int | None) -> None:
    """Raises Conflict when the caller had seen another version; None means they do not mind."""
    if version is not None and version != row.version:
        raise Conflict


def apply_changes(row: Any, changes: Mapping[str, object]) -> tuple[Values, Values]:
    """Set, check and save what differs and raise `version`; returns it before and after, both empty if nothing did."""
    clean = {name: clean_line(value) if isinstance(value, str) else value for name, value in changes.items()}
    after = {name: value for name, value in clean.items() if getattr(row, name) != value}
    before = {name: getattr(row, name) for name in after}
    if after:
        for name, value in after.items():
            setattr(row, name, value)
        check_fields(row, *after)
        row.version += 1
        row.save(update_fields=[*after, "version"])
    return before, after
