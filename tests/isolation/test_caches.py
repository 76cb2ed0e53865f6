"""No cache keeps what an answer says to one person."""

from __future__ import annotations

from itertools import product

import pytest
from django.test import Client

from accounts.models import Member
from config.security import is_public
from tests.isolation.addresses import OBJECTS, OPEN, PERSONAL, WHOLES, address, every_address
from tests.isolation.conftest import Alone, Treasure, groups_of, id_of
from tests.isolation.test_addresses import call

METHODS = ("GET", "POST", "DELETE")
IDS: dict[str, str | int] = {"session_id": 1, "secret": "x", "key": "x", "uidb36": "x"}


def _path(name: str, ids: dict) -> str:
    if name in {"account_confirm_email", "account_reset_password_from_key"}:  # of allauth, by regular expression
        return {
            "account_confirm_email": "/accounts/confirm-email/x/",
            "account_reset_password_from_key": "/accounts/password/reset/key/x-y/",
        }[name]
    return address(name, "acme", {**ids, **IDS})


def _is_private(control: str) -> bool:
    directives = {part.strip() for part in control.split(",")}
    return "public" not in directives and "private" in directives and bool(directives & {"no-store", "no-cache"})


@pytest.mark.parametrize("group", groups_of(OBJECTS | WHOLES | PERSONAL | OPEN), ids=id_of)
def test_no_answer_of_an_address_is_kept_by_a_cache(
    group: tuple[str, ...], treasure: Treasure, alice: Member, client_of, alone: Alone
) -> None:
    for name in group:
        with alone(name):
            path = _path(name, {"token_id": treasure.ids["member_id"], **treasure.ids})
            for method, visitor in product(METHODS, (client_of(alice), Client())):
                answer = call(visitor, method, path, {})
                if is_public(path):
                    assert WORD_OF_ALICE not in answer.content.decode()
                else:
                    assert _is_private(answer.headers["Cache-Control"]), (method, answer.headers["Cache-Control"])


@pytest.mark.parametrize("path", ["/nowhere", "/o/nobody/", "/admin/", "/healthz", "/metrics", "/admin/login/"])
def test_nor_is_what_no_address_answers(alice: Member, client_of, path: str) -> None:
    assert _is_private(client_of(alice).get(path).headers["Cache-Control"])


def test_public_are_documents_and_files_alone() -> None:
    public = {name for pattern, name in every_address() if is_public(f"/{pattern}")}
    assert public == {"api:schema", "api:docs", "chat:frames", "chat:strings"}


WORD_OF_ALICE = "alice@acme.test"
