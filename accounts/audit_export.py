"""The audit log as a file: CSV for a spreadsheet, JSON lines for a program. Streamed in pages, whatever its length."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator
from enum import StrEnum
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from accounts.audit import older_than
from accounts.models import AuditEntry

PAGE: Final = 1000  # entries read at once: about a megabyte, and no cursor that stays open in the database
FIELDS: Final = (
    *("id", "at", "organization_id", "actor_id", "user_id", "action", "target_type", "target_id"),
    *("before", "after", "reason", "address", "user_agent", "request_id"),
)
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")  # what makes a spreadsheet compute a cell, by OWASP's list
SIGNS: Final = frozenset("=+-@\N{MINUS SIGN}")  # of these, what starts a formula after normalization
SEPARATOR: Final = re.compile(r"(?<=[;|])")  # ends a cell where a spreadsheet of another language reads the file


class Format(StrEnum):
    CSV = "audit.csv"
    LINES = "audit.jsonl"


FORMATS: Final = frozenset(Format)


def export_response(rows: QuerySet[AuditEntry], format: Format, *, asynchronous: bool) -> StreamingHttpResponse:
    """`asynchronous`: under ASGI, where Django would gather an ordinary iterator whole before it sends anything."""
    chunks = csv_chunks(rows) if format is Format.CSV else line_chunks(rows)
    return StreamingHttpResponse(
        _in_threads(chunks) if asynchronous else chunks,
        content_type="text/csv; charset=utf-8" if format is Format.CSV else "application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{format}"', "Cache-Control": "no-store"},
    )


def csv_chunks(rows: QuerySet[AuditEntry]) -> Iterator[bytes]:
    yield _csv([list(FIELDS)])
    for page in pages(rows):
        yield _csv([[safe_cell(entry[field]) for field in FIELDS] for entry in page])


def line_chunks(rows: QuerySet[AuditEntry]) -> Iterator[bytes]:
    for page in pages(rows):
        lines = (json.dumps(entry, cls=DjangoJSONEncoder, ensure_ascii=False) for entry in page)
        yield "".join(f"{line}\n" for line in lines).encode()


def pages(rows: QuerySet[AuditEntry]) -> Iterator[list[dict[str, Any]]]:
    """The entries, newest first, by keyset: each page begins where the one before ended."""
    rows = rows.order_by("-at", "-id")
    page = list(rows.values(*FIELDS)[:PAGE])
    while page:
        yield page
        page = list(rows.filter(older_than(page[-1]["at"], page[-1]["id"])).values(*FIELDS)[:PAGE])


def safe_cell(value: Any) -> str:
    """Return a cell that no spreadsheet takes for a formula, regardless of its text.

    An apostrophe goes before the whole cell, and before each part that follows a separator, if that begins like a
    formula. Every cell is quoted as well.
    """
    if value is None:
        return ""
    text = json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False) if isinstance(value, dict) else _plain(value)
    return "".join(f"'{part}" if _is_formula(part) else part for part in SEPARATOR.split(text))


def _is_formula(text: str) -> bool:
    """Whether the first character that a spreadsheet looks at starts a formula.

    A tab or a line break at the very start counts, too. Spreadsheets skip white space, control and invisible
    characters and quotes, and read full-width, small and
    superscript signs as the plain ones, which is what NFKC makes of them.
    """
    if text.startswith(FORMULA):
        return True
    for char in text:
        if char in "\"'" or unicodedata.category(char)[0] in "CZ":
            continue
        return not SIGNS.isdisjoint(unicodedata.normalize("NFKC", char))
    return False


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _csv(table: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(table)
    return text.getvalue().encode()


async def _in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    following: Callable[..., Any] = sync_to_async(next)
    while (chunk := await following(chunks, None)) is not None:
        yield chunk
