"""The frames of the socket as JSON Schema, published beside the OpenAPI description.

It is made from the structs of chat/wire.py. Frames that are put together from templates are compared with it by tests.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe

from chat.entities.registry import event_types, registrations
from chat.wire import CLIENT_FRAMES, SERVER_FRAMES, SUBPROTOCOL


@cache
def document() -> bytes:
    """Return the schema as JSON, made once: everybody may read it."""
    return msgspec.json.encode(description())


@cache
def _etag() -> str:
    return f'"{blake2b(document(), digest_size=12).hexdigest()}"'


@require_safe
@condition(etag_func=lambda request: _etag())
def frames(request: HttpRequest) -> HttpResponse:
    return HttpResponse(document(), content_type="application/json", headers={"Cache-Control": "no-cache"})


def description() -> dict[str, Any]:
    """Return the schema: `client` are frames from clients, `server` frames from the server, `$defs` their parts."""
    entities = [registration.struct for registration in registrations()]
    references, definitions = msgspec.json.schema_components(
        [*CLIENT_FRAMES, *SERVER_FRAMES, *entities], ref_template="#/$defs/{name}"
    )
    from_clients, rest = references[: len(CLIENT_FRAMES)], references[len(CLIENT_FRAMES) :]
    from_server = rest[: len(SERVER_FRAMES)]
    definitions["Event"]["properties"]["data"] = {"anyOf": list(references[-len(entities) :])}
    definitions["Event"]["properties"]["type"] = {"enum": event_types()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SUBPROTOCOL,
        "anyOf": [{"$ref": "#/$defs/client"}, {"$ref": "#/$defs/server"}],
        "$defs": {**definitions, "client": {"oneOf": list(from_clients)}, "server": {"oneOf": list(from_server)}},
    }
