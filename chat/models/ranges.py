from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query_utils import DeferredAttribute
from psycopg.types.multirange import Multirange

from chat.client.ranges import Ranges

if TYPE_CHECKING:
    _Field = models.Field[Ranges, Ranges]
else:
    _Field = models.Field

_RANGE: Final = re.compile(r"\[(-?\d+), ?(-?\d+)\)")


def beginning() -> Ranges:
    """What a participant has read where there is nothing yet: seq 0, so that the first range begins there."""
    return [[0, 0]]


class LazyRanges(DeferredAttribute):
    """Parses what the database wrote when somebody asks for it: most rows are loaded for other columns."""

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is not None and isinstance(value, str):
            value = instance.__dict__[self.field.attname] = parse(value)
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        """Being able to set makes Python ask `__get__` although the instance has a value."""
        instance.__dict__[self.field.attname] = value


class RangesField(_Field):
    """A set of sequence numbers. PostgreSQL keeps an `int8multirange`, so that a union is one atomic expression; Python
    sees the wire's inclusive ranges (chat/client/ranges.py). The column is loaded as text, which costs next to nothing.
    """

    loaded_as = "text"

    descriptor_class = LazyRanges

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "int8multirange"

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        return f"{sql}::{self.loaded_as}", params

    def get_placeholder(self, value: Any, compiler: Any, connection: BaseDatabaseWrapper) -> str:
        return "%s::int8multirange"

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """Text stays as it is until it is asked for. What an INSERT returns comes as psycopg's own type."""
        return parse(str(value)) if isinstance(value, Multirange) else value

    def get_prep_value(self, value: Any) -> Any:
        return write(value) if isinstance(value, list) else value


def parse(text: str) -> Ranges:
    """From PostgreSQL's form, whose upper bounds are exclusive: `{[0,13),[15,16)}`."""
    return [[int(first), int(end) - 1] for first, end in _RANGE.findall(text)]


def write(ranges: Ranges) -> str:
    return "{" + ",".join(f"[{first},{last + 1})" for first, last in ranges) + "}"
