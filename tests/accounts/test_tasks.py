from __future__ import annotations

from smtplib import SMTPServerDisconnected
from unittest.mock import patch

import pytest
from celery.exceptions import Retry
from django.core import mail

from accounts.mail import send_later
from accounts.tasks import deliver_mail


def test_mail_is_delivered(settings):
    deliver_mail(to="dora@acme.test", subject="Hello", text="Dora\n")
    (message,) = mail.outbox
    assert (message.to, message.subject, message.body) == (["dora@acme.test"], "Hello", "Dora\n")
    assert message.from_email == settings.DEFAULT_FROM_EMAIL


def test_mail_is_tried_again_while_the_server_is_away():
    away = SMTPServerDisconnected("gone")
    with patch("django.core.mail.EmailMessage.send", side_effect=away), pytest.raises(Retry) as retry:
        deliver_mail.apply(kwargs={"to": "dora@acme.test", "subject": "x", "text": "y"}, throw=True)
    assert retry.value.exc is away


@pytest.mark.usefixtures("eager_tasks")
def test_a_subject_is_one_line(db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        send_later(to="dora@acme.test", subject="Acme\nBcc: eve@evil.test", text="x")
    assert mail.outbox[0].subject == "Acme Bcc: eve@evil.test"
    assert mail.outbox[0].recipients() == ["dora@acme.test"]


def test_what_is_committed_stays_when_the_queue_is_away(db, django_capture_on_commit_callbacks):
    with (
        patch.object(deliver_mail, "delay", side_effect=ConnectionError("no broker")) as delay,
        django_capture_on_commit_callbacks(execute=True),
    ):
        send_later(to="dora@acme.test", subject="x", text="y")
    assert delay.call_count == 1
