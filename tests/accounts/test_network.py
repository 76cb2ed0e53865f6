"""Where a request came from, and what links start with."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client, RequestFactory

from accounts.network import DEVELOPMENT_URL, absolute_url, base_url, client_address
from tests.cast import scope_of

EVIL = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.1:4711", "203.0.113.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("6.6.6.6:1, 203.0.113.1:2", "203.0.113.1"),
        ("evil, ::ffff:203.0.113.1", "203.0.113.1"),
    ],
)
def test_a_proxy_may_write_the_port_as_well(settings, forwarded, address):
    settings.TRUSTED_PROXIES = 1
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded})
    assert client_address(request) == address


@pytest.mark.parametrize("header", ["X-Real-IP", "Forwarded", "CF-Connecting-IP", "X-Client-IP", "True-Client-IP"])
def test_no_other_header_is_believed(settings, header):
    settings.TRUSTED_PROXIES = 1
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={header: "6.6.6.6"})
    assert client_address(request) == "192.0.2.1"


@pytest.mark.parametrize("host", ["evil.example", "localhost", "chat.example.com.evil.example"])
def test_links_start_with_the_setting_whatever_host_was_asked_for(settings, host):
    settings.BASE_URL = "https://chat.example.com"
    request = RequestFactory().get("/", headers={"host": host})
    assert base_url(request) == base_url() == "https://chat.example.com"
    assert absolute_url("/join/x", request) == "https://chat.example.com/join/x"


@pytest.mark.parametrize(
    ("hosts", "host", "base"),
    [
        (["*"], "localhost:8123", "http://localhost:8123"),
        (["*"], "127.0.0.1:8123", "http://127.0.0.1:8123"),
        (["*"], "[::1]:8123", "http://[::1]:8123"),
        (["*"], "evil.example", DEVELOPMENT_URL),
        ([".example"], "evil.example", DEVELOPMENT_URL),
        (["*", "chat.example"], "chat.example", "http://chat.example"),
    ],
)
def test_without_the_setting_only_a_host_that_is_named_counts(settings, hosts, host, base):
    settings.BASE_URL, settings.ALLOWED_HOSTS = "", hosts
    assert base_url(RequestFactory().get("/", headers={"host": host})) == base


@pytest.mark.usefixtures("eager_tasks")
@pytest.mark.parametrize("setting", ["https://chat.example.com", ""])
def test_no_mail_leads_to_the_host_that_a_stranger_wrote(bob, settings, setting, django_capture_on_commit_callbacks):
    settings.BASE_URL, settings.ALLOWED_HOSTS = setting, ["*"]
    base = setting or DEVELOPMENT_URL
    with django_capture_on_commit_callbacks(execute=True):
        Client(headers=EVIL).post("/accounts/password/reset/", {"email": "bob@acme.test"})
        Client(headers=EVIL).post(
            "/accounts/signup/",
            {
                "name": "Eve",
                "email": "eve@acme.test",
                "password1": "analytical engine",
                "organization": "Eve",
                "slug": "",
            },
        )
    assert len(mail.outbox) == 2
    for message in mail.outbox:
        assert "evil.example" not in message.body
        assert f"{base}/accounts/" in message.body


@pytest.mark.usefixtures("eager_tasks")
def test_an_invitation_and_the_pages_of_the_api_start_with_the_setting(
    alice, client_of, settings, django_capture_on_commit_callbacks
):
    settings.BASE_URL, settings.ALLOWED_HOSTS = "https://chat.example.com", ["*"]
    browser = client_of(alice)
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/o/acme/manage/invitations", {"email": "dora@acme.test", "role": "member"}, headers=EVIL)
        page = browser.post("/o/acme/manage/invitations", {"email": "", "role": "member"}, headers=EVIL)
    (message,) = mail.outbox
    assert "https://chat.example.com/join/" in message.body
    assert "https://chat.example.com/join/" in page.content.decode()
    with scope_of(alice):
        answer = browser.get("/o/acme/api/v1/audit?limit=1", headers=EVIL).json()
    assert answer["next"].startswith("https://chat.example.com/o/acme/api/v1/audit?")


@pytest.mark.parametrize("path", ["/", "/o/acme/", "/accounts/login/"])
def test_https_leads_to_the_name_of_the_setting(acme, settings, path):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_SSL_HOST = True, "chat.example.com"
    answer = Client(headers=EVIL).get(path)
    assert (answer.status_code, answer["Location"]) == (301, f"https://chat.example.com{path}")
