"""JSON in and out by msgspec: the same structs, and so the same names, as in events."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from django.utils.translation import gettext
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from accounts.errors import Invalid, TooLarge
from accounts.surrogates import mend

LARGEST_BODY: Final = 262_144  # bytes: the longest allowed message, every character escaped

T = TypeVar("T")
_FIELD: Final = re.compile(r"`\$\.?([^`]*)`")


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else msgspec.json.encode(data)

    def get_default_renderer(self, view: Any) -> JSONRenderer:
        return self


class JSONParser(BaseParser):
    """Bodies are read by `read_body`; this only says what they are, to the framework and to the description."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        return {}


def read_body(request: Request, shape: type[T]) -> T:
    """The body as `shape`. Raises Invalid with the field that is wrong, TooLarge beyond LARGEST_BODY."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
        raise TooLarge
    if (request.content_type or "").partition(";")[0].strip() != "application/json":
        raise Invalid({}, gettext("The body must be JSON, with Content-Type: application/json."))
    body = request.body
    if len(body) > LARGEST_BODY:  # chunked: no length was declared
        raise TooLarge
    try:
        return _decode(body, shape)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    except RecursionError:
        raise Invalid({}, gettext("The body is nested too deeply.")) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Invalid({}, gettext("The body is not JSON.")) from None


def read_query(request: Request, shape: type[T]) -> T:
    """The query string as `shape`; unknown parameters are ignored, empty ones count as absent."""
    given = {name: str(value) for name, value in request.query_params.items() if value != ""}
    if any("\x00" in value for value in given.values()):
        raise Invalid({}, gettext("The address holds a NUL character."))
    try:
        return msgspec.convert(given, type=shape, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None


def _decode(body: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return msgspec.json.decode(mend(body), type=shape)


def as_utc(field: str, time: datetime | None) -> datetime | None:
    """In UTC: RFC 3339 allows offsets that PostgreSQL does not, and the ends of time have no UTC."""
    try:
        return time.astimezone(UTC) if time else None
    except OverflowError:
        raise Invalid({field: [gettext("Out of range.")]}) from None


def _invalid(error: msgspec.ValidationError) -> Invalid:
    """msgspec gives the path as `$.field[0]`. A missing field is named in the sentence itself."""
    sentence = str(error)
    missing = re.search(r"missing required field `(\w+)`", sentence)
    field_path = _FIELD.search(sentence)
    field = missing.group(1) if missing else re.split(r"[.\[]", field_path.group(1))[0] if field_path else ""
    return Invalid({field or "body": [sentence.partition(" - at ")[0]]})
