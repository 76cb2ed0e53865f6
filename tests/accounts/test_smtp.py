"""Mail reaches a real SMTP server, and what it brings confirms an address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.tasks import deliver_mail
from tests.cast import PASSWORD

DORA = "dora@initech.test"
DEFERRED = "451 Try again later"


class Inbox:
    """Receives messages, after it has deferred as many as `defers` says."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.defers = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # the name that aiosmtpd calls
        if self.defers:
            self.defers -= 1
            return DEFERRED
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


class AnyPort(Controller):
    """Takes a port that the system chooses: asking for a free one first could lose it to another test."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def inbox(settings) -> Iterator[Inbox]:
    received = Inbox()
    server = AnyPort(received, hostname="127.0.0.1", port=0)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.hostname, server.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield received
    server.stop()


@pytest.mark.usefixtures("db", "eager_tasks")
def test_an_address_is_confirmed_by_the_link_in_the_mail(inbox, settings, django_capture_on_commit_callbacks):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    browser = Client()
    form = {"name": "Dóra", "email": DORA, "password1": PASSWORD, "organization": "Initech", "slug": ""}
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/accounts/signup/", form)
    (message,) = inbox.messages
    assert (message["To"], message["Subject"]) == (DORA, "Confirm your address for Parley")
    assert browser.get("/o/initech/").status_code == 302
    link = re.search(r"https?://[^/\s]+(/accounts/confirm-email/\S+)", message.get_content())
    assert link is not None
    browser.post(link[1])
    assert EmailAddress.objects.get(email=DORA).verified
    assert browser.get("/o/initech/").status_code == 200


def test_a_deferred_mail_is_sent_again(inbox):
    inbox.defers = 1
    deliver_mail.apply(kwargs={"to": DORA, "subject": "Hello", "text": "Grüße, Dóra\n"})
    (message,) = inbox.messages
    assert (message["To"], message.get_content()) == (DORA, "Grüße, Dóra\r\n")  # SMTP ends lines with both
    assert inbox.defers == 0
