from __future__ import annotations

import json

from django.test import Client

from accounts.models import Member
from accounts.tokens import issue_token
from tests.chat.api.conftest import code_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def by_token(method: str, path: str, secret: str, body: object = None) -> object:
    data = {"data": json.dumps(body), "content_type": "application/json"} if body else {}
    return Client().generic(method, f"/o/acme/api/v1/{path}", headers={"Authorization": f"Bearer {secret}"}, **data)


def test_devices_are_distinguished(api_of, bob: Member) -> None:
    api = api_of(bob)
    api.http.defaults["HTTP_USER_AGENT"] = FIREFOX
    api.make("clients", {"platform": "web"})
    _, secret = issue_token(bob.user, label="phone")
    by_token("POST", "clients", secret, {"platform": "ios", "label": "Bob's phone"})

    phone, browser = api.get("clients")["results"]
    assert (phone["label"], phone["current"], phone["online"]) == ("Bob's phone", False, False)
    assert (browser["browser"], browser["current"]) == ("Firefox on Linux", True)


def test_a_lost_phone_is_signed_out(api_of, bob: Member) -> None:
    _, secret = issue_token(bob.user, label="phone")
    for platform in ("ios", "bot"):
        by_token("POST", "clients", secret, {"platform": platform})
    api = api_of(bob)
    api.make("clients", {"platform": "web"})
    lost = api.get("clients")["results"][1]

    assert api("POST", f"clients/{lost['id']}/sign-out").status_code == 204
    assert [client["platform"] for client in api.get("clients")["results"]] == ["web"]
    assert by_token("GET", "clients", secret).status_code == 401  # type: ignore[attr-defined]


def test_a_browser_is_signed_out_by_another(api_of, bob: Member) -> None:
    one, other = api_of(bob), api_of(bob)
    lost = one.make("clients", {"platform": "web"})
    other.make("clients", {"platform": "web"})
    assert other("POST", f"clients/{lost['id']}/sign-out").status_code == 204
    assert len(other.get("clients")["results"]) == 1
    assert code_of(one("GET", "clients")) == (401, "not_authenticated")


def test_nobody_signs_out_others(api_of, alice: Member, bob: Member, charlie: Member) -> None:
    bobs = api_of(bob).make("clients", {"platform": "web"})
    for api in (api_of(alice), api_of(charlie), api_of(charlie, "acme")):
        assert code_of(api("POST", f"clients/{bobs['id']}/sign-out")) == (404, "not_found")
    assert len(api_of(bob).get("clients")["results"]) == 1
