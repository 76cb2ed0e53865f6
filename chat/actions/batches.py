"""Hand-written statements of the background work: they run rarely, on any number of rows, and are not prepared."""

from __future__ import annotations

from typing import Any

from django.db import connection


def execute(statement: str, parameters: Any = None) -> int:
    """Run a statement. Returns the number of rows that it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def rows(statement: str, parameters: Any = None) -> list[Any]:
    """Return the rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[Any] = cursor.fetchall()
        return found


def column(statement: str, parameters: Any = None) -> list[Any]:
    """Return the first column of a query."""
    return [row[0] for row in rows(statement, parameters)]


def number(statement: str, parameters: Any = None) -> int:
    """Return the single number that a query finds."""
    return int(column(statement, parameters)[0])
