from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import Member
from tests.cast import sign_in


class Api:
    """A signed-in browser that speaks JSON to the API of one organization (Acme by default)."""

    def __init__(self, member: Member, slug: str) -> None:
        self.member, self.slug = member, slug
        self.http = sign_in(Client(), member.user)

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        url = path if path.startswith("/") else f"/o/{self.slug}/api/v1/{path}"
        data = {} if body is None else {"data": json.dumps(body, default=str), "content_type": "application/json"}
        return self.http.generic(method, url, query_params=query, **data)

    def get(self, path: str, **query: Any) -> Any:
        answer = self("GET", path, **query)
        assert answer.status_code == 200, answer.content
        return json.loads(answer.content)

    def make(self, path: str, body: Any) -> Any:
        answer = self("POST", path, body)
        assert answer.status_code == 201, answer.content
        return json.loads(answer.content)

    def channel(self, name: str = "town", kind: str = "public", members: list[UUID] | None = None) -> Any:
        return self.make("conversations", {"kind": kind, "name": name, "members": members or []})

    def say(self, conversation: Any, text: str, **fields: Any) -> Any:
        return self.make(f"conversations/{conversation['id']}/messages", {"ref": uuid4(), "text": text, **fields})


@pytest.fixture
def api_of() -> Callable[[Member], Api]:
    """`api_of(bob)` calls the API of Bob's own organization; `api_of(charlie, "acme")` that of another."""
    return lambda member, slug=None: Api(member, slug or member.organization.slug)  # type: ignore[misc]


def code_of(answer: HttpResponse) -> tuple[int, str]:
    """(status, code) of a refusal, which must be problem details and nothing else."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    problem = json.loads(answer.content)
    assert problem["status"] == answer.status_code
    return answer.status_code, problem["code"]
