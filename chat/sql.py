"""Hand-written statements for what every message passes through: prepared, and several in one round trip.

The ORM builds each query anew and the database parses and plans it anew: a further message in a batch cost 2.0 ms of
Python and 1.3 ms of PostgreSQL, so it costs 0.2 and 0.8 (with 500 recipients). The statements run on Django's own
connection, inside its transaction, and give back ordinary models. Elsewhere the ORM is quick enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from psycopg import Connection, Cursor

Row = TypeVar("Row", bound=models.Model)


@contextmanager
def together() -> Iterator[None]:
    """Send the statements of the block together. Their rows can be read after it.

    Raises the error of the first statement that fails.
    """
    with connection.wrap_database_errors, _connection().pipeline():
        yield


def execute(statement: str, parameters: Mapping[str, Any] | Sequence[Any]) -> Cursor[Any]:
    """Run it; rows come in binary form, which psycopg reads in C (Django reads a time in Python, piece by piece)."""
    with connection.wrap_database_errors:
        # Django's own cursor would not prepare it.
        return Cursor(_connection()).execute(statement, parameters, binary=True)


def execute_by_index(statement: str, parameters: Mapping[str, Any] | Sequence[Any]) -> Cursor[Any]:
    """Run what looks for a few rows of a queue table. Such a table is empty at one moment and huge at the next, and a
    plan lives from one to the other: made for the empty one it would read the whole table, for each row again.
    """
    with transaction.atomic():
        execute(_BY_INDEX, ())
        return execute(statement, parameters)


_BY_INDEX: Final = "SELECT " + ", ".join(
    f"set_config('enable_{way}', 'off', true)" for way in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin")
)


def array(values: Iterable[object]) -> str:
    """An array of numbers or UUIDs as PostgreSQL writes it: psycopg looks at every element of a list, which costs more
    than the query for hundreds of them. The statement says `::bigint[]` or `::uuid[]`; None stands for NULL."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def insert(rows: Sequence[models.Model]) -> None:
    """What `bulk_create` does for rows of one model that bring their keys along."""
    fields = _stored(type(rows[0]))
    wrapper = connections[DEFAULT_DB_ALIAS]
    values = [[field.get_db_prep_save(field.pre_save(row, add=True), wrapper) for field in fields] for row in rows]
    with connection.wrap_database_errors:
        Cursor(_connection()).executemany(_insertion(type(rows[0])), values)


def columns(model: type[models.Model], *, alias: str = "") -> str:
    """For `SELECT` and `RETURNING`, as `rows` wants them. Generated and derived columns are left out."""
    table = alias or model._meta.db_table
    return ", ".join(_column(table, field) for field in _fields(model))


def width(model: type[models.Model]) -> int:
    """How many columns that is."""
    return len(_fields(model))


def rows(model: type[Row], found: Iterable[Sequence[Any]]) -> list[Row]:
    names = [field.attname for field in _fields(model)]
    return [model.from_db(DEFAULT_DB_ALIAS, names, values) for values in found]


def _column(table: str, field: models.Field[Any, Any]) -> str:
    cast = getattr(field, "loaded_as", "")
    return f'{table}."{field.column}"' + (f"::{cast}" if cast else "")


@cache
def _fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return [field for field in _stored(model) if not getattr(field, "derived", False)]


@cache
def _stored(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not field.generated]


@cache
def _insertion(model: type[models.Model]) -> str:
    names = ", ".join(f'"{field.column}"' for field in _stored(model))
    marks = ", ".join("%s" for _ in _stored(model))
    return f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({marks})"  # noqa: S608  # names of ours


def _connection() -> Connection[Any]:
    connection.ensure_connection()
    raw: Connection[Any] = connection.connection
    return raw
