from __future__ import annotations

import pytest

from accounts.models import Member
from chat.actions.reports import report_message
from chat.models import Conversation, Report
from tests.sync.conftest import Say, Verify, proves

pytestmark = pytest.mark.django_db(transaction=True)


@proves(report_message, events=("report.created",))
def test_a_report_is_told_to_whoever_made_it(
    verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say
) -> None:
    message = say(bob, town, "buy this")
    told = verify(lambda: report_message(alice, message.id, reason=Report.Reason.SPAM))
    assert told == {"alice": ["report.created"], "alice again": ["report.created"]}
