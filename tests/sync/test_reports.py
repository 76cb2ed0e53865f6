from __future__ import annotations

import pytest

from accounts.actions import change_role
from accounts.models import Member
from accounts.roles import Role
from chat.actions.members import publish_desk
from chat.actions.report_decisions import decide_reports, update_report
from chat.actions.reports import acknowledge_report, report_message
from chat.models import Conversation, Report
from tests.cast import make_member, scope_of
from tests.sync.conftest import Say, Verify, alike, proves

pytestmark = pytest.mark.django_db(transaction=True)


@proves(report_message, events=("report.created", "case.created"))
def test_a_report_is_sent_to_the_member_who_made_it(
    verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say
) -> None:
    message = say(bob, town, "buy this")
    received = verify(lambda: report_message(alice, message.id, reason=Report.Reason.SPAM))
    both = ["report.created", "case.created"]  # Alice is an owner, so the desk is hers too
    assert received == {"alice": both, "alice again": both}


@proves(report_message, events=("report.created", "case.created"))
def test_moderators_receive_the_case_of_a_report(
    verify: Verify, people: dict[str, Member], alice: Member, bob: Member, town: Conversation, say: Say
) -> None:
    people["mona"] = make_member(bob.organization, "Mona", role=Role.MODERATOR)
    message = say(alice, town, "buy this")

    received = verify(lambda: report_message(bob, message.id, reason=Report.Reason.SPAM))

    assert received == {"bob": ["report.created"], "mona": ["case.created"]}  # and nothing to Alice, who wrote it


@proves(publish_desk, events=("member.updated", "case.updated"))
def test_who_becomes_a_moderator_learns_which_reports_are_open_and_forgets_them_afterwards(
    verify: Verify,
    people: dict[str, Member],
    alice: Member,
    bob: Member,
    dora: Member,
    gus: Member,
    town: Conversation,
    say: Say,
) -> None:
    with scope_of(bob):
        report_message(bob, say(gus, town, "buy this").id, reason=Report.Reason.SPAM)
        report_message(bob, say(alice, town, "hm").id, reason=Report.Reason.OTHER)
    with scope_of(gus):
        report_message(gus, say(bob, town, "hm").id, reason=Report.Reason.OTHER)

    def promote_and_demote() -> None:
        change_role(alice, bob, role=Role.MODERATOR)
        change_role(alice, dora, role=Role.MODERATOR)
        change_role(alice, dora, role=Role.MEMBER)

    received = verify(promote_and_demote)

    assert received["bob"].count("case.updated") == 2  # not of the report about Bob
    assert received["dora"].count("case.updated") == 3
    assert "case.updated" not in received["gus"]


@proves(update_report, events=("report.updated", "case.updated"))
def test_a_report_that_is_opened_again_is_open_for_the_moderators(
    verify: Verify, alice: Member, bob: Member, gus: Member, town: Conversation, say: Say
) -> None:
    with scope_of(bob):
        report = report_message(bob, say(gus, town, "buy this").id, reason=Report.Reason.SPAM)
    with scope_of(alice):
        update_report(alice, report.pk, state=Report.State.DISMISSED)

    received = verify(lambda: update_report(alice, report.pk, state=Report.State.OPEN))

    assert received == {"bob": ["report.updated"], **alike(("alice", "alice again"), ["case.updated"])}


@proves(acknowledge_report, events=("report.updated",))
def test_that_an_outcome_was_read_reaches_the_other_devices_of_the_reporter(
    verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say
) -> None:
    with scope_of(alice):
        report = report_message(alice, say(bob, town, "buy this").id, reason=Report.Reason.SPAM)
        update_report(alice, report.pk, state=Report.State.DISMISSED)

    def read_twice() -> None:
        acknowledge_report(alice, report.pk)
        acknowledge_report(alice, report.pk)

    assert verify(read_twice) == alike(("alice", "alice again"), ["report.updated"])


@proves(update_report, decide_reports, events=("report.updated", "case.updated"))
def test_the_outcome_is_sent_to_the_reporter(
    verify: Verify, alice: Member, bob: Member, gus: Member, town: Conversation, say: Say
) -> None:
    message = say(gus, town, "buy this")
    with scope_of(bob):
        report = report_message(bob, message.id, reason=Report.Reason.SPAM, comment="again")

    def decide() -> None:
        update_report(alice, report.pk, state=Report.State.IN_REVIEW, assignee=alice.pk, note="I look at it.")
        update_report(alice, report.pk, note="Clear.")
        decide_reports(alice, [report.pk], state=Report.State.RESOLVED, outcome=Report.Outcome.WARNED)

    assert verify(decide) == {
        "bob": ["report.updated"] * 2,
        **alike(("alice", "alice again"), ["case.updated"] * 2),
    }
