"""Moderators hear of new reports by mail: gathered, at most once an hour, never about themselves, never with a text."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from accounts import mail
from accounts.models import Member
from accounts.tasks import deliver_mail
from accounts.tenancy import every_organization
from chat.models import Report
from chat.tasks import mail_reports
from tests.cast import make_member
from tests.chat.api.conftest import Api


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued is done at once."""
    monkeypatch.setattr(mail, "deliver_mail", SimpleNamespace(delay=deliver_mail.run))


def api_of(member: Member) -> Api:
    return Api(member, "acme")


@pytest.fixture
def channel(alice: Member, bob: Member, mona: Member, gus: Member) -> Any:
    return api_of(alice).channel(members=[bob.pk, mona.pk, gus.pk])


@pytest.fixture
def report(channel: Any) -> Any:
    def report(reporter: Member, author: Member, text: str = "a secret text") -> Any:
        message = api_of(author).say(channel, text)
        return api_of(reporter).make(f"messages/{message['id']}/report", {"reason": "spam", "comment": "urgent"})

    return report


@pytest.fixture
def people(alice: Member, bob: Member, mona: Member, gus: Member, charlie: Member) -> list[Member]:
    """Of Acme; Charlie owns another organization, and gets no mail."""
    return [alice, bob, mona, gus]


def sent(mailoutbox: Any, capture: Any) -> dict[str, Any]:
    """Run the task; by address the mails that it sent."""
    before = len(mailoutbox)
    with capture(execute=True):
        mail_reports()
    return {letter.to[0]: letter for letter in mailoutbox[before:]}


def later(**time: int) -> None:
    with every_organization():
        Report.objects.exclude(mailed_at=None).update(mailed_at=timezone.now() - timedelta(**time))


@pytest.mark.django_db
def test_one_mail_an_hour_gathers_what_came(
    report, settings, mailoutbox, django_capture_on_commit_callbacks, people
) -> None:
    settings.MAIL_SERVER = True
    alice, bob, mona, gus = people
    report(bob, gus)
    report(gus, bob)
    first = sent(mailoutbox, django_capture_on_commit_callbacks)
    assert set(first) == {alice.user.email, mona.user.email}
    letter = first[mona.user.email]
    assert "2 open reports in Acme" in letter.subject
    assert "/o/acme/desk" in letter.body
    for word in ("secret", "urgent", "Bob", "Gus"):
        assert word not in letter.subject + letter.body
    assert sent(mailoutbox, django_capture_on_commit_callbacks) == {}
    report(bob, gus, "another")
    later(minutes=59)
    assert sent(mailoutbox, django_capture_on_commit_callbacks) == {}
    later(minutes=61)
    assert "3 open reports" in sent(mailoutbox, django_capture_on_commit_callbacks)[mona.user.email].subject
    later(hours=2)
    assert sent(mailoutbox, django_capture_on_commit_callbacks) == {}  # nothing new


@pytest.mark.django_db
def test_nobody_is_mailed_about_reports_on_themselves_nor_without_a_mail_server(
    report, settings, mailoutbox, django_capture_on_commit_callbacks, acme, alice, bob, mona
) -> None:
    mike = make_member(acme, "Mike", role="moderator")
    report(bob, mona)
    settings.MAIL_SERVER = False
    assert sent(mailoutbox, django_capture_on_commit_callbacks) == {}
    settings.MAIL_SERVER = True
    assert set(sent(mailoutbox, django_capture_on_commit_callbacks)) == {alice.user.email, mike.user.email}
