"""The pages that say why there is none."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account import app_settings
from allauth.core.internal import ratelimit
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from accounts.problems import PAUSE
from tests.cast import PASSWORD

ERRORS = {"500": KeyError("secret"), "503": OperationalError("secret")}


def broken(request: HttpRequest, status: str) -> HttpResponse:
    raise ERRORS[status]


urlpatterns = [path("broken/<str:status>", broken), path("", include("config.urls"))]
handler429 = "accounts.problems.too_often"
handler500 = "accounts.rest.exceptions.failed"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("status", ERRORS)
def test_a_defect_has_a_page_that_needs_no_database(status):
    """Without a mark for it this test has none."""
    page = Client(raise_request_exception=False).get(f"/broken/{status}")
    text = page.content.decode()
    assert page.status_code == int(status)
    assert f">{status}</text>" in text
    assert "Try again" in text
    assert "secret" not in text


def test_a_refused_page_says_why_and_whom_to_ask(alice, adam, mona, bob, gus, charlie, client_of):
    pages = {member: client_of(member).get("/o/acme/manage/members") for member in (bob, gus, charlie)}
    text = {member: " ".join(page.content.decode().split()) for member, page in pages.items()}
    assert "This page is for the owners and admins of Acme. Your role is member." in text[bob]
    assert "If you need it, ask <bdi>Alice or Adam</bdi>." in text[bob]
    assert '<a class="button button-primary" href="/o/acme/"> Back to <bdi>Acme</bdi>' in text[bob]
    assert "Your role is guest" in text[gus]
    assert not {name for name in ("Alice", "Adam", "Mona") if name in text[gus]}  # guests know whom they talk to
    assert pages[charlie].status_code == 404
    assert "Acme" not in text[charlie]
    channels = client_of(bob).get("/o/acme/manage/channels").content.decode()
    assert "owners, admins and moderators of Acme" in channels


def test_a_form_that_was_open_for_too_long_is_no_dead_end(bob):
    strict = Client(enforce_csrf_checks=True)
    page = strict.post("/accounts/login/", {"login": "bob@acme.test"})
    assert page.status_code == 403
    assert "Open the page again" in page.content.decode()


def test_too_many_attempts_have_a_page(db, settings):
    settings.ACCOUNT_RATE_LIMITS = {"reset_password": "1/m/ip"}
    pages = [Client().post("/accounts/password/reset/", {"email": "nobody@acme.test"}) for _ in range(2)]
    assert [page.status_code for page in pages] == [302, 429]
    assert "Too many attempts" in pages[1].content.decode()
    assert pages[1].headers["Retry-After"] == str(PAUSE)


def test_after_the_pause_there_is_room_again():
    """Under every limit that is answered with the page; a wrong password is answered by the form."""
    limits = {action: ratelimit.get_rates(app="allauth.account", action=action) for action in app_settings.RATE_LIMITS}
    del limits["login_failed"]
    assert max(rate.duration for rates in limits.values() for rate in rates) == PAUSE


def test_nonsense_has_a_page(db):
    page = Client(headers={"host": "not..a/host"}).get("/accounts/login/")
    assert page.status_code == 400
    assert "The request was not understood" in page.content.decode()


HERE = "http://testserver"


@pytest.mark.parametrize(
    ("address", "referer", "back"),
    [
        ("/o/acme/leave", f"{HERE}/o/acme/profile?x=1#form", "/o/acme/profile?x=1"),
        ("/o/acme/leave", "https://evil.test/o/acme/profile", "/o/acme/"),
        ("/o/acme/leave", f"{HERE}@evil.test/", "/o/acme/"),
        ("/o/acme/leave", f"{HERE}//evil.test/", "/o/acme/"),
        ("/o/acme/leave", "http://[", "/o/acme/"),
        ("/o/acme/leave", None, "/o/acme/"),
        ("/accounts/sessions/end", f"{HERE}/accounts/sessions/", "/accounts/sessions/"),
        ("/accounts/sessions/end", None, "/"),
    ],
)
def test_a_form_of_a_session_that_ended_leads_back_to_where_it_stands(bob, address, referer, back):
    browser = Client(headers={"referer": referer} if referer else {})
    answer = browser.post(address)
    way = urlsplit(answer.headers["Location"])
    assert (answer.status_code, way.path, parse_qs(way.query)) == (302, "/accounts/login/", {"next": [back]})
    assert "nothing was changed" in browser.get(answer.headers["Location"]).content.decode()
    again = browser.post(answer.headers["Location"], {"login": bob.user.email, "password": PASSWORD}, follow=True)
    assert (again.status_code, again.request["PATH_INFO"]) == (
        200,
        "/o/acme/" if back == "/" else back.partition("?")[0],
    )


def test_a_page_asked_for_again_is_remembered_as_it_is(bob):
    assert parse_qs(urlsplit(Client().get("/accounts/tokens?x=1").headers["Location"]).query) == {
        "next": ["/accounts/tokens?x=1"]
    }


def test_an_address_that_only_takes_forms_says_so(bob, charlie, client_of):
    page = client_of(bob).get("/o/acme/leave")
    assert (page.status_code, page.headers["Allow"]) == (405, "POST")
    assert "Back to <bdi>Acme</bdi>" in page.content.decode()
    assert "This address has no page" in client_of(bob).get("/accounts/sessions/end").content.decode()
    api = client_of(bob).post("/api/v1/schema/socket")
    assert (api.status_code, api.headers["Allow"], api.json()["code"]) == (405, "GET, HEAD", "method_not_allowed")
    assert client_of(charlie).get("/o/acme/leave").status_code == 404
