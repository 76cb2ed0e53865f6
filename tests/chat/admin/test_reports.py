from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Member
from chat.actions.conversations import create_channel, start_direct
from chat.actions.messages import send_message
from chat.actions.reports import report_message
from chat.actions.revisions import delete_message, edit_message
from chat.models import Message, Report, Sanction
from tests.cast import make_user, scope_of, sign_in

QUEUE = "/admin/chat/report/"


@pytest.fixture
def said(alice: Member, mona: Member, bob: Member) -> list[Message]:
    """Nine messages of Bob's in a private channel where Mona is not, the fifth of which he edited."""
    with scope_of(alice):
        channel = create_channel(alice, kind="private", name="dark-corner", members=[bob.pk])
        sent = [send_message(bob, channel.pk, text=f"line {number}", ref=uuid4()).message for number in range(9)]
        edit_message(bob, sent[4].id, text="line 4, milder")
        return [Message.objects.get(pk=message.id) for message in sent]


@pytest.fixture
def report(said: list[Message], alice: Member) -> Report:
    with scope_of(alice):
        return report_message(alice, said[4].pk, reason=Report.Reason.HARASSMENT, comment="not nice")


def page(report: Report) -> str:
    return reverse("admin:chat_report_change", args=[report.pk])


def act(browser: Client, row: object, name: str, **values: str) -> str:
    """Press the button; the sentence that the next page begins with."""
    meta = row._meta  # type: ignore[attr-defined]
    path = reverse(f"admin:{meta.app_label}_{meta.model_name}_act", args=[row.pk, name])  # type: ignore[attr-defined]
    answer = browser.post(path, {"reason": "because", **values}, follow=True)
    assert answer.status_code == 200
    return " ".join(str(message) for message in answer.context["messages"])


def fresh(row):
    with scope_of(row):
        return type(row).objects.get(pk=row.pk)


def test_a_report_shows_its_message_where_it_was_said(client_of, mona, report):
    text = client_of(mona).get(page(report)).content.decode()
    assert "line 4, milder" in text
    assert all(f"line {number}" in text for number in (0, 3, 5, 8))
    assert "not nice" in text
    assert "Earlier versions" in text
    assert "Harassment" in text


def test_what_lies_further_away_in_private_is_not_shown(client_of, mona, alice, bob, report, said):
    with scope_of(alice):
        for number in range(9, 20):
            send_message(bob, report.conversation_id, text=f"secret {number}", ref=uuid4())
    text = client_of(mona).get(page(report)).content.decode()
    assert "secret 9" in text  # within what is shown around it
    assert "secret 12" not in text


def test_who_reads_what_was_said_in_private_leaves_a_trace(client_of, mona, report):
    client_of(mona).get(page(report))
    with scope_of(mona):
        entry = AuditEntry.objects.get(action="report.read")
    assert (entry.actor_id, entry.target_id) == (mona.pk, str(report.pk))


def test_staff_of_the_installation_read_reports_and_leave_a_trace_and_do_not_act(mona, report):
    user = make_user("staff@parley.test", is_staff=True)
    staff = sign_in(Client(), user)
    text = staff.get(page(report)).content.decode()
    assert "line 4" in text
    assert "desk-dialog" not in text
    with scope_of(mona):
        entry = AuditEntry.objects.get(action="report.read")
    assert (entry.actor_id, entry.user_id) == (None, user.pk)
    path = reverse("admin:chat_report_act", args=[report.pk, "dismiss"])
    assert staff.post(path, {"reason": "x"}).status_code == 403
    assert fresh(report).state == Report.State.OPEN


def test_messages_that_nobody_reported_are_not_there(client_of, mona, report, said):
    staff = sign_in(Client(), make_user("staff@parley.test", is_staff=True))
    for browser in (client_of(mona), staff):
        text = browser.get("/admin/chat/message/").content.decode()
        assert "line 4" in text
        assert "line 5" not in text
        assert browser.get(reverse("admin:chat_message_change", args=[said[5].pk])).status_code == 302


def test_nobody_sees_who_complained_of_them(client_of, mona, bob, alice):
    with scope_of(mona):
        conversation, _ = start_direct(mona, kind="direct", members=[bob.pk])
        sent = send_message(mona, conversation.pk, text="rude", ref=uuid4()).message
        report = report_message(bob, sent.id, reason=Report.Reason.HARASSMENT)
    browser = client_of(mona)
    assert browser.get(page(report)).status_code == 404
    assert "rude" not in browser.get(QUEUE).content.decode()
    assert "rude" not in browser.get("/admin/chat/message/").content.decode()
    assert client_of(alice).get(page(report)).status_code == 200


def test_from_the_report_to_its_outcome(client_of, mona, bob, report):
    browser = client_of(mona)
    assert "assigned to you" in act(browser, report, "take")
    assert (fresh(report).state, fresh(report).assignee_id) == ("in_review", mona.pk)
    assert "note was added" in act(browser, report, "note", reason="seen worse")
    message = fresh(report.message)
    assert "hidden" in act(browser, message, "hide")
    assert fresh(message).hidden_at is not None
    assert "warned" in act(browser, bob, "warn")
    assert "Resolved" in act(browser, report, "resolve", outcome="")
    done = fresh(report)
    assert (done.state, done.outcome, done.decided_by_id) == ("resolved", "hidden", mona.pk)
    text = browser.get(page(report)).content.decode()
    assert "seen worse" in text
    assert "Message hidden" in text


def test_a_reason_is_asked_for(client_of, mona, report):
    assert "required" in act(client_of(mona), report, "dismiss", reason="  ")
    assert fresh(report).state == "open"


def test_what_an_action_refuses_is_said(client_of, mona, alice, report):
    """Mona may not act against the owner: it is the action that knows, and the page that says so."""
    assert "role" in act(client_of(mona), alice, "warn")
    with scope_of(mona):
        assert not Sanction.objects.exists()


def test_an_act_needs_a_post(client_of, mona, report):
    assert client_of(mona).get(reverse("admin:chat_report_act", args=[report.pk, "take"])).status_code == 403
    assert fresh(report).state == "open"


def test_many_are_decided_at_once(client_of, mona, alice, said):
    with scope_of(alice):
        reports = [report_message(alice, message.pk, reason=Report.Reason.SPAM) for message in said[:3]]
    browser = client_of(mona)
    chosen = {"action": "dismiss", "_selected_action": [str(report.pk) for report in reports[:2]]}
    asked = browser.post(QUEUE, chosen)
    assert b"2 chosen" in asked.content
    assert [fresh(report).state for report in reports] == ["open"] * 3
    browser.post(QUEUE, chosen | {"confirmed": "1", "reason": "fine"})
    assert [fresh(report).state for report in reports] == ["dismissed", "dismissed", "open"]


def test_hiding_many_messages_at_once(client_of, mona, alice, said):
    with scope_of(alice):
        reports = [report_message(alice, message.pk, reason=Report.Reason.SPAM) for message in said[:2]]
    chosen = {"action": "hide-message", "_selected_action": [str(report.pk) for report in reports]}
    client_of(mona).post(QUEUE, chosen | {"confirmed": "1", "reason": "spam"})
    assert all(fresh(message).hidden_at is not None for message in said[:2])
    assert fresh(said[2]).hidden_at is None


def test_the_queue_is_filtered(client_of, mona, alice, bob, said):
    with scope_of(alice):
        spam, other = (
            report_message(alice, message.pk, reason=reason)
            for message, reason in zip(said, (Report.Reason.SPAM, Report.Reason.OTHER), strict=False)
        )
    browser = client_of(mona)
    act(browser, spam, "take")

    def found(**query: object) -> set[str]:
        text = browser.get(QUEUE, query).content.decode()
        return {str(report.pk) for report in (spam, other) if str(report.pk) in text}

    both = {str(spam.pk), str(other.pk)}
    assert found() == both
    assert found(state="open") == {str(other.pk)}
    assert found(assignee="me") == {str(spam.pk)}
    assert found(assignee="nobody") == {str(other.pk)}
    assert found(reason__exact="spam") == {str(spam.pk)}
    assert found(author__id__exact=str(bob.pk)) == both
    act(browser, other, "dismiss")
    assert found() == {str(spam.pk)}
    assert found(state="all") == both


def test_the_queue_leads_from_one_report_to_the_next(client_of, mona, alice, said):
    with scope_of(alice):
        first, second = (report_message(alice, message.pk, reason=Report.Reason.SPAM) for message in said[:2])
    text = client_of(mona).get(page(first)).content.decode()
    assert page(second) in text
    assert "data-desk-after" in text
    assert "data-desk-before" not in text


def test_a_message_that_its_author_deleted_is_still_to_be_judged(client_of, mona, bob, report):
    with scope_of(bob):
        delete_message(bob, report.message_id)
    text = client_of(mona).get(page(report)).content.decode()
    assert "Deleted by its author" in text
    assert "line 4, milder" in text  # among what it said before


def test_charlie_finds_nothing_of_it(client_of, charlie, report):
    browser = client_of(charlie)
    assert browser.get(page(report)).status_code == 404
    assert b"line 4" not in browser.get(QUEUE + "?state=all").content
