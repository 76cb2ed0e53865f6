"""The API against its own description: no 5xx, no answer that is not documented, whatever is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.api import urls as accounts_urls
from accounts.models import Member
from accounts.tokens import issue_token
from chat.api import urls as chat_urls
from tests.support.search import examples

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@cache
def document() -> dict[str, Any]:
    return Client().get("/api/v1/schema").json()


@cache
def described() -> Any:
    """Return the description as schemathesis reads it, with the application behind it."""
    schema = schemathesis.openapi.from_dict(document())
    schema.app = WSGIHandler()
    return schema


def operations() -> list[tuple[str, str]]:
    """Every address that the API routes, with every method of its view: nothing can be left out of the description."""
    return [
        (
            "/"
            + str(pattern.pattern)
            .replace("<slug:slug>", "{slug}")
            .replace("<uuid:", "{")
            .replace("<str:", "{")
            .replace(">", "}"),
            method,
        )
        for pattern in (*accounts_urls.urlpatterns, *chat_urls.urlpatterns)
        if pattern.name not in {"schema", "docs"}
        for method in pattern.callback.view_class.http_method_names  # type: ignore[attr-defined]
        if hasattr(pattern.callback.view_class, method) and method != "options"  # type: ignore[attr-defined]
    ]


@pytest.fixture
def known(api_of, alice: Member, bob: Member) -> dict[str, list[UUID | str]]:
    """Ids that exist, so that the calls get past the door."""
    api = api_of(alice)
    channel = api.channel(members=[bob.pk])
    direct = api.make("conversations", {"kind": "direct", "members": [bob.pk]})
    messages = [api.say(channel, f"message {number}") for number in range(3)]
    report = api_of(bob).make(f"messages/{messages[0]['id']}/report", {"reason": "spam"})
    warning = api.make(f"members/{bob.pk}/warn", {"reason": "Mind your tone."})
    return {
        "slug": ["acme"],
        "conversation_id": [channel["id"], direct["id"], str(uuid4())],
        "message_id": [*(message["id"] for message in messages), str(uuid4())],
        "member_id": [str(alice.pk), str(bob.pk), str(uuid4())],
        "token_id": [str(uuid4())],
        "client_id": [api.make("clients", {"platform": "bot"})["id"], str(uuid4())],
        "emoji": ["👍", "hello"],
        "report_id": [report["id"], str(uuid4())],
        "sanction_id": [warning["id"], str(uuid4())],
    }


@contextmanager
def same_connection() -> Iterator[None]:
    """A real WSGI handler ends by closing old connections; here that would be the test's own transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "method"), operations())
def test_every_answer_is_documented(path: str, method: str, known, alice: Member) -> None:
    operation = described()[path][method.upper()]
    _, secret = issue_token(alice.user, label="schemathesis")

    @given(case=operation.as_strategy(), data=st.data())
    @settings(
        max_examples=examples(10, long=500),
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any, data: st.DataObject) -> None:
        case.path_parameters = {name: data.draw(st.sampled_from(known[name])) for name in case.path_parameters or {}}
        case.call_and_validate(
            base_url="http://testserver", headers={"Authorization": f"Bearer {secret}"}, checks=CHECKS
        )

    with same_connection():
        call()


def test_the_description_names_ways_to_sign_in_and_both_kinds_of_answer() -> None:
    description = document()
    assert description["openapi"].startswith("3.1")
    assert set(description["components"]["securitySchemes"]) == {"token", "session"}
    send = description["paths"]["/o/{slug}/api/v1/conversations/{conversation_id}/messages"]["post"]
    assert {"200", "201", "401", "403", "404", "409", "413", "422", "429"} <= set(send["responses"])
    assert send["requestBody"]["content"]["application/json"]["examples"]


def test_the_page_to_try_it_comes_with_a_nonce_and_no_inline_script() -> None:
    answer = Client().get("/api/v1/docs")
    assert answer.status_code == 200
    assert b"swagger-ui" in answer.content
    assert b"nonce=" in answer.content
