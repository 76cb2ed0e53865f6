"""`PUT` and `DELETE members/me/status`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Member

PATH = "/o/acme/api/v1/members/me/status"


def put(client: Client, **body: Any) -> Any:
    return client.put(PATH, body, content_type="application/json")


@pytest.fixture
def browser(bob: Member, client_of: Callable[[Member], Client]) -> Client:
    return client_of(bob)


def test_a_status_is_set_shown_and_cleared(
    browser: Client, bob: Member, alice: Member, client_of: Callable[[Member], Client]
) -> None:
    until = (timezone.now() + timedelta(hours=1)).replace(microsecond=0)
    status = put(browser, text=" In a  meeting ", emoji="📅", until=until.isoformat()).json()
    assert (status["text"], status["emoji"], status["version"]) == ("In a meeting", "📅", 1)
    assert datetime.fromisoformat(status["until"]) == until
    assert client_of(alice).get(f"/o/acme/api/v1/members/{bob.pk}").json()["status"] == status
    assert browser.delete(PATH).status_code == 204
    cleared = browser.get("/o/acme/api/v1/members/me").json()["status"]
    assert (cleared["text"], cleared["emoji"], cleared["until"], cleared["version"]) == ("", "", None, 2)


def test_the_same_status_again_changes_nothing(browser: Client) -> None:
    assert [put(browser, text="Lunch").json()["version"] for _ in range(2)] == [1, 1]


def test_a_member_without_a_status_has_null(browser: Client) -> None:
    assert browser.get("/o/acme/api/v1/members/me").json()["status"] is None
    assert browser.delete(PATH).status_code == 204


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("emoji", {"emoji": "xx"}),
        ("emoji", {"emoji": "👍👍"}),
        ("text", {}),
        ("text", {"text": "\u200b"}),
        ("text", {"text": "x" * 101}),
        ("until", {"text": "Lunch", "until": "2020-01-01T00:00:00Z"}),
        ("until", {"text": "Lunch", "until": "2999-01-01T00:00:00Z"}),
        ("until", {"text": "Lunch", "until": "9999-12-31T23:59:59-12:00"}),
    ],
)
def test_wrong_input_is_refused(browser: Client, field: str, body: dict[str, str]) -> None:
    answer = put(browser, **body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_charlie_of_another_organization_is_refused(
    browser: Client, bob: Member, charlie: Member, client_of: Callable[[Member], Client]
) -> None:
    put(browser, text="Lunch", until=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    outside = client_of(charlie)
    assert put(outside, text="Hello").status_code == 404
    assert outside.get(f"/o/globex/api/v1/members/{bob.pk}").status_code == 404
