"""The OpenAPI description, made from the same msgspec structs that read the input and write the output."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

F = TypeVar("F", bound=Callable[..., Any])
REF: Final = "#/components/schemas/{name}"

_shapes: dict[str, Any] = {}


class Problem(msgspec.Struct, frozen=True):
    """RFC 9457 problem details. `errors` comes with `invalid` alone."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: dict[str, list[str]] | msgspec.UnsetType = msgspec.UNSET


class ParleySchema(AutoSchema):
    """Tags from the noun in the path; what an operation is for stands in its summary."""

    def get_description(self) -> str:  # type: ignore[override]  # drf-spectacular dropped the arguments
        return ""

    def get_tags(self) -> list[str]:
        parts = [part for part in self.path.split("/") if part and not part.startswith("{")]
        return [parts[parts.index("v1") + 1]]

    def get_operation_id(self) -> str:
        """Method and nouns, `_item` when one of many is meant: what generated clients call their functions."""
        parts = self.path.partition("/v1/")[2].split("/")
        nouns = [part for part in parts if part and not part.startswith("{")]
        item = ["item"] if parts[-1].startswith("{") else []
        return "_".join([self.method.lower(), *nouns, *item])


class SignIn(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself by being defined
    target_class = "accounts.rest.authentication.RequestAuthentication"
    name = ["token", "session"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, str]]:
        return [
            {"type": "http", "scheme": "bearer", "description": "For apps and bots, from POST /api/v1/tokens."},
            {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": "For browsers, with the CSRF token.",
            },
        ]


def operation(
    *,
    summary: str,
    gives: dict[int, Any],
    takes: Any = None,
    query: Any = None,
    refuses: tuple[int, ...] = (),
    example: dict[str, Any] | None = None,
    open: bool = False,
) -> Callable[[F], F]:
    """Describe one method of a view: shape of the answer by status, of the body, of the query.

    Every method may answer 401, 403 (a suspended member), 404, 429 (its pace) and 503; `refuses` adds to that; `open`
    needs no sign-in.
    """
    statuses = (
        {401, 403, 404, 429, 503, *refuses} | ({422, 413} if takes is not None else set()) | ({422} if query else set())
    )
    responses: dict[Any, Any] = {status: _answer(status, shape) for status, shape in gives.items()}
    for status in sorted(statuses - set(responses)):
        responses[(status, "application/problem+json")] = OpenApiResponse(
            _ref(Problem), description=HTTPStatus(status).phrase
        )
    extra: dict[str, Any] = {"auth": []} if open else {}
    return extend_schema(
        summary=summary,
        request={"application/json": _ref(takes)} if takes is not None else None,
        parameters=_parameters(query) if query else None,
        responses=responses,
        examples=[OpenApiExample("Example", value=example, request_only=True)] if example else None,
        **extra,
    )


@cache
def page_of(item: Any) -> Any:
    """The shape of a list answer: `{results, next}`."""
    fields: list[tuple[str, Any]] = [("results", list[item]), ("next", str | None)]
    return msgspec.defstruct(f"{item.__name__}Page", fields, frozen=True)


def add_components(result: dict[str, Any], generator: Any, request: Any, public: Any) -> dict[str, Any]:
    """drf-spectacular's postprocessing hook: the structs that the operations refer to."""
    _, components = msgspec.json.schema_components(list(_shapes.values()), ref_template=REF)
    result.setdefault("components", {}).setdefault("schemas", {}).update(components)
    return result


def _answer(status: int, shape: Any) -> OpenApiResponse:
    return OpenApiResponse(None if shape is None else _ref(shape), description=HTTPStatus(status).phrase)


def _ref(shape: Any) -> dict[str, str]:
    name = shape.__name__
    if _shapes.setdefault(name, shape) is not shape:
        raise TypeError(f"two different shapes are called {name}")
    return {"$ref": REF.format(name=name)}


def _parameters(shape: Any) -> list[OpenApiParameter]:
    (_,), components = msgspec.json.schema_components([shape], ref_template=REF)
    schema = components[shape.__name__]
    return [
        OpenApiParameter(name, type=_plain(field), required=name in schema.get("required", ()), location="query")
        for name, field in schema["properties"].items()
    ]


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is absent rather than null."""
    options = [option for option in field.get("anyOf", [field]) if option.get("type") != "null"]
    return {key: value for key, value in options[0].items() if key != "default"}
