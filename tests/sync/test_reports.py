from __future__ import annotations

import pytest

from accounts.models import Member
from chat.actions.reports import decide_reports, report_message, update_report
from chat.models import Conversation, Report
from tests.cast import scope_of
from tests.sync.conftest import Say, Verify, proves

pytestmark = pytest.mark.django_db(transaction=True)


@proves(report_message, events=("report.created",))
def test_a_report_is_told_to_whoever_made_it(
    verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say
) -> None:
    message = say(bob, town, "buy this")
    told = verify(lambda: report_message(alice, message.id, reason=Report.Reason.SPAM))
    assert told == {"alice": ["report.created"], "alice again": ["report.created"]}


@proves(update_report, decide_reports, events=("report.updated",))
def test_the_outcome_is_told_to_whoever_reported(
    verify: Verify, alice: Member, bob: Member, gus: Member, town: Conversation, say: Say
) -> None:
    message = say(gus, town, "buy this")
    with scope_of(bob):
        report = report_message(bob, message.id, reason=Report.Reason.SPAM, comment="again")

    def decide() -> None:
        update_report(alice, report.pk, state=Report.State.IN_REVIEW, assignee=alice.pk, note="I look at it.")
        update_report(alice, report.pk, note="Clear.")
        decide_reports(alice, [report.pk], state=Report.State.RESOLVED, outcome=Report.Outcome.WARNED)

    assert verify(decide) == {"bob": ["report.updated"] * 2}
