"""Headers that every answer carries."""

from __future__ import annotations

import pytest
from django.test import AsyncClient, Client
from django.test.utils import override_settings

from config.security import HEADERS, PERMISSIONS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/no/such/page", "/static/no-such-file.js"])
def test_security_headers_on_every_answer(client: Client, path: str) -> None:
    answer = client.get(path)
    assert {name: answer[name] for name in HEADERS} == HEADERS
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"


def test_everything_of_the_machine_is_off(client: Client) -> None:
    policy = client.get("/no/such/page")["Permissions-Policy"]
    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(policy.split(", "))
    assert len(policy.split(", ")) == len(PERMISSIONS)


@pytest.mark.django_db(transaction=True)
async def test_security_headers_from_a_coroutine(async_client: AsyncClient) -> None:
    answer = await async_client.get("/no/such/page")
    assert {name: answer[name] for name in HEADERS} == HEADERS


def test_the_content_security_policy_lets_only_our_scripts_run(client: Client) -> None:
    policy = dict(part.strip().partition(" ")[::2] for part in client.get("/accounts/login/")[CSP].split(";"))
    assert "'strict-dynamic'" in policy["script-src"]
    assert "'unsafe-inline'" not in policy["script-src"] + policy["style-src"]
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"


def test_https_only_when_people_reach_us_so(client: Client) -> None:
    with override_settings(SECURE_SSL_REDIRECT=True):
        answer = client.get("/no/such/page")
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/no/such/page")


CSP = "Content-Security-Policy"
