"""Every address, tried by everybody who has no business there."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import Member
from accounts.tokens import issue_token
from tests.cast import sign_in
from tests.isolation.addresses import OBJECTS, OPEN, PERSONAL, WHOLES, address, every_address, names
from tests.isolation.conftest import WORD, Alone, Treasure, groups_of, id_of

Names = tuple[str, ...]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def test_every_address_is_known_and_each_to_one_kind() -> None:
    kinds = [OBJECTS, WHOLES, PERSONAL, OPEN]
    assert names() == set().union(*kinds)
    assert sum(map(len, kinds)) == len(set().union(*kinds))


def test_what_stands_under_an_organization_is_counted_as_its_own() -> None:
    tenants = {name for pattern, name in every_address() if "<slug:slug>" in pattern}
    assert tenants == OBJECTS | WHOLES


def call(client: Client, method: str, path: str, body: Any, **headers: str) -> Any:
    data = (
        {}
        if body is None or method == "GET"
        else {"data": json.dumps(body, default=str), "content_type": "application/json"}
    )
    return client.generic(method, path, headers=headers, **data)


def shows_nothing(answer: HttpResponse) -> bool:
    return WORD not in answer.content.decode() and WORD not in str(answer.headers)


@pytest.mark.parametrize("group", groups_of(OBJECTS | WHOLES), ids=id_of)
def test_a_stranger_and_a_former_member_find_nothing(
    group: Names, treasure: Treasure, charlie: Member, dora: Member, fingerprint, alone: Alone
) -> None:
    before = fingerprint()
    visitors = [
        (member, sign_in(Client(), member.user), issue_token(member.user, label="probe")[1])
        for member in (charlie, dora)
    ]
    for name in group:
        with alone(name):
            path, body = address(name, "acme", treasure.ids), treasure.bodies().get(name, {})
            unknown = address(name, "no-such-organization", treasure.ids)
            for (member, browser, secret), method in product(visitors, METHODS):
                answer = call(browser, method, path, body)
                assert answer.status_code == 404, (member, method)
                assert shows_nothing(answer)
                # Not even whether there is such an organization.
                assert call(browser, method, unknown, body).status_code == 404
                if "/api/" in path:
                    answer = call(Client(), method, path, body, Authorization=f"Bearer {secret}")
                    assert (answer.status_code, shows_nothing(answer)) == (404, True), (member, method)
            assert fingerprint() == before


@pytest.mark.parametrize("group", groups_of(OBJECTS | WHOLES), ids=id_of)
def test_nobody_gets_in_without_signing_in(group: Names, treasure: Treasure, fingerprint, alone: Alone) -> None:
    before = fingerprint()
    for name in group:
        with alone(name):
            path, body = address(name, "acme", treasure.ids), treasure.bodies().get(name, {})
            for method in METHODS:
                answer = call(Client(), method, path, body)
                assert answer.status_code == (401 if "/api/" in path else 302), method
                assert shows_nothing(answer)
                if "/api/" in path:
                    assert call(Client(), method, path, body, Authorization="Bearer parley_wrong").status_code == 401
            assert fingerprint() == before


@pytest.mark.parametrize("group", groups_of(OBJECTS), ids=id_of)
def test_ids_of_another_organization_are_not_found_by_ones_own_address(
    group: Names, treasure: Treasure, charlie: Member, fingerprint, alone: Alone
) -> None:
    before = fingerprint()
    browser = sign_in(Client(), charlie.user)
    for name in group:
        with alone(name):
            path, body = address(name, "globex", treasure.ids), treasure.bodies().get(name, {})
            for method in METHODS:
                answer = call(browser, method, path, body)
                assert answer.status_code in {404, 405}, method
                assert shows_nothing(answer)
            assert fingerprint() == before


@pytest.mark.parametrize("group", groups_of(WHOLES), ids=id_of)
def test_ones_own_address_shows_nothing_of_another_organization(
    group: Names, treasure: Treasure, charlie: Member, fingerprint, alone: Alone
) -> None:
    before = fingerprint()
    browser = sign_in(Client(), charlie.user)
    author = treasure.ids["member_id"]
    for name in group:
        with alone(name):
            path, body = address(name, "globex", treasure.ids), treasure.bodies().get(name, {})
            for query in ("", f"?q={WORD}", f"?browse=1&q={WORD}", f"?q={WORD}&author={author}"):
                answer = call(browser, "GET", path + query, None)
                assert answer.status_code in {200, 302, 404, 405, 422}, query
                # A search page may say again what was searched for; the answer itself holds nothing.
                assert shows_nothing(answer) or (query and "/api/" not in path), query
            for method in METHODS[1:]:
                assert shows_nothing(call(browser, method, path, body)), method
            assert fingerprint() == before


OF_MEMBERS = {"api:member", "api:warn", "api:mute", "api:suspend", "api:lift"}
OF_THE_DESK = {"api:report_detail", "api:acknowledge_report", "api:acknowledge_sanction"}
PRIVATE = sorted(
    name for name in OBJECTS - OF_MEMBERS - OF_THE_DESK if name.startswith(("api:", "chat:")) and "client" not in name
)


@pytest.mark.parametrize("group", groups_of(PRIVATE), ids=id_of)
def test_who_was_removed_from_a_channel_finds_it_no_more(
    group: Names, treasure: Treasure, bob: Member, gus: Member, mona: Member, fingerprint, alone: Alone
) -> None:
    before = fingerprint()
    browsers = [(member, sign_in(Client(), member.user)) for member in (bob, gus, mona)]
    for name in group:
        with alone(name):
            path, body = address(name, "acme", treasure.private_ids), treasure.bodies().get(name, {})
            for (member, browser), method in product(browsers, METHODS):
                answer = call(browser, method, path, body)
                assert answer.status_code in {404, 405}, (member, method)
                assert "the new" not in answer.content.decode()
            assert fingerprint() == before


@pytest.mark.parametrize("group", groups_of(PERSONAL), ids=id_of)
def test_personal_pages_need_a_person_and_show_only_theirs(
    group: Names, treasure: Treasure, charlie: Member, alice: Member, alone: Alone
) -> None:
    token, _ = issue_token(alice.user, label=WORD)
    for name in group:
        with alone(name):
            path = address(name, "", {"token_id": token.pk, "session_id": 1})
            assert call(Client(), "GET", path, None).status_code in {302, 401, 405}
            browser = sign_in(Client(), charlie.user)
            for method in ("GET", "POST", "DELETE"):
                assert shows_nothing(call(browser, method, path, {})), method
            assert type(token).objects.filter(pk=token.pk).exists()
