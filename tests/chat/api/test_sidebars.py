"""`GET` and `PUT members/me/sidebar`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Member
from chat.actions.conversations import create_channel
from chat.actions.sidebars import CONVERSATIONS, NAME_LENGTH, SECTIONS
from chat.models import Conversation
from tests.cast import scope_of

PATH = "/o/acme/api/v1/members/me/sidebar"


def section(name: str = "Launch", *conversations: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "name": name, "conversations": [str(one) for one in conversations]}


def put(client: Client, *sections: dict[str, Any], version: int = 0) -> Any:
    return client.put(PATH, {"sections": sections, "version": version}, content_type="application/json")


@pytest.fixture
def town(bob: Member) -> Conversation:
    with scope_of(bob):
        return create_channel(bob, kind="private", name="town")


@pytest.fixture
def browser(bob: Member, client_of: Callable[[Member], Client]) -> Client:
    return client_of(bob)


def test_sections_are_kept_in_their_order(browser: Client, bob: Member, town: Conversation) -> None:
    launch, later = section(" Launch  day ", town.pk), section("Later")
    answer = put(browser, launch, later)
    assert answer.status_code == 200
    expected = {"member": str(bob.pk), "sections": [launch | {"name": "Launch day"}, later], "version": 1}
    assert answer.json() == expected
    assert put(browser, later, launch, version=1).json()["sections"][0] == later
    assert browser.get(PATH).json()["version"] == 2


def test_without_a_change_there_are_no_sections(browser: Client, bob: Member) -> None:
    assert browser.get(PATH).json() == {"member": str(bob.pk), "sections": [], "version": 0}


def test_the_same_sections_again_change_nothing(browser: Client) -> None:
    """A client that did not see the answer sends its change again, with the version that it knows."""
    launch = section()
    assert [put(browser, launch).json()["version"] for _ in range(2)] == [1, 1]


def test_a_change_of_an_older_version_is_refused(browser: Client) -> None:
    put(browser, section())
    answer = put(browser, section())
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    "sections",
    [
        [section("")],
        [section("\u200b")],
        [section("x" * (NAME_LENGTH + 1))],
        [section()] * 2,
        [section(str(number)) for number in range(SECTIONS + 1)],
        [
            section("one", "0199f3a4-0000-7000-8000-000000000000"),
            section("two", "0199f3a4-0000-7000-8000-000000000000"),
        ],
        [section("x", *(uuid4() for _ in range(CONVERSATIONS // 2 + 1))) for _ in range(2)],
    ],
)
def test_wrong_sections_are_refused(browser: Client, sections: list[dict[str, Any]]) -> None:
    answer = put(browser, *sections)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["sections"])


def test_conversations_of_others_are_left_out_like_those_that_do_not_exist(
    browser: Client, town: Conversation, alice: Member
) -> None:
    with scope_of(alice):
        cellar = create_channel(alice, kind="private", name="cellar")
    answer = put(browser, section("Launch", town.pk, cellar.pk, uuid4()))
    assert answer.json()["sections"][0]["conversations"] == [str(town.pk)]


def test_charlie_of_another_organization_has_sections_of_his_own(
    browser: Client, town: Conversation, charlie: Member, client_of: Callable[[Member], Client]
) -> None:
    put(browser, section("Launch", town.pk))
    outside = client_of(charlie)
    assert put(outside, section()).status_code == 404
    assert outside.get(PATH).status_code == 404
    own = outside.get("/o/globex/api/v1/members/me/sidebar")
    assert own.json()["sections"] == []
    stolen = {"sections": [section("Mine", town.pk)], "version": 0}
    answer = outside.put("/o/globex/api/v1/members/me/sidebar", stolen, content_type="application/json")
    assert answer.json()["sections"][0]["conversations"] == []
