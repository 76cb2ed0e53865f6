"""What moderators do with a report: take it on, hand it over, write notes, decide it.

The reporter receives the state and the outcome, never the name of who decided. Lock order: reports by ascending id,
clients (inside publish).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from msgspec import UNSET, UnsetType

from accounts import audit
from accounts.actions.changes import Values
from accounts.models import Member
from accounts.roles import Right
from accounts.rules import governed
from chat import rules
from chat.access import find_report, visible_reports
from chat.actions.reports import clean_remark, publish_report
from chat.errors import Invalid, NotFound
from chat.models import Report, ReportNote, Sanction

NOTE_LENGTH: Final = 2000
AT_ONCE: Final = 200  # reports decided together: a page of the desk
DECIDED: Final = frozenset({Report.State.RESOLVED, Report.State.DISMISSED})


@governed(rules.DECIDE)
@transaction.atomic
def update_report(
    member: Member,
    report_id: UUID,
    *,
    state: Report.State | None = None,
    outcome: Report.Outcome | None = None,
    assignee: UUID | UnsetType | None = UNSET,
    note: str = "",
) -> Report:
    """Take a report on, hand it over, write a note, decide it or open it again. None and UNSET leave a field as it is.

    Without an `outcome` a resolved report says what has been done to the message or its author since it was made.
    Raises Forbidden, NotFound, Invalid.
    """
    report = find_report(member, report_id, lock=True)
    if assignee is not UNSET and assignee != report.assignee_id:
        _assign(member, report, assignee)
    if note := clean_remark(note, "note", NOTE_LENGTH):
        ReportNote.objects.create(organization_id=report.organization_id, report=report, author=member, text=note)
        audit.record("report.noted", actor=member, target=report)
    _move(member, report, Report.State(state or report.state), outcome)
    return report


@governed(rules.DECIDE)
@transaction.atomic
def decide_reports(
    member: Member,
    report_ids: Sequence[UUID],
    *,
    state: Report.State,
    outcome: Report.Outcome | None = None,
    note: str = "",
) -> list[Report]:
    """Decide up to AT_ONCE reports alike, all or none. Raises NotFound when one of them does not exist."""
    if len(set(report_ids)) > AT_ONCE:
        raise Invalid({"reports": [gettext("%(at_once)s at once.") % {"at_once": AT_ONCE}]})
    locked = visible_reports(member).filter(pk__in=set(report_ids)).order_by("pk").select_for_update(no_key=True)
    reports = list(locked)
    if len(reports) != len(set(report_ids)):
        raise NotFound
    return [update_report(member, report.pk, state=state, outcome=outcome, note=note) for report in reports]


def _assign(member: Member, report: Report, assignee: UUID | None) -> None:
    if assignee is not None:
        chosen = Member.objects.filter(pk=assignee, deactivated_at=None).first()
        if chosen is None or not chosen.may(Right.MODERATE) or chosen.pk == report.author_id:
            raise Invalid({"assignee": [gettext("An active moderator or admin, and not who wrote the message.")]})
    before, report.assignee_id = report.assignee_id, assignee
    report.save(update_fields=["assignee"])
    _record("report.assigned", member, report, {"assignee": before}, {"assignee": assignee})


def _move(member: Member, report: Report, state: Report.State, outcome: Report.Outcome | None) -> None:
    before: Values = {"state": report.state, "outcome": report.outcome}
    after: Values = {"state": state.value, "outcome": ""}
    if state in DECIDED:
        chosen = outcome or (report.outcome if state == report.state else _outcome(report, state))
        after["outcome"] = str(chosen)
    elif outcome is not None:
        raise Invalid({"outcome": [gettext("Only what is resolved or dismissed has an outcome.")]})
    if after == before:
        return
    report.state, report.outcome = after["state"], after["outcome"]
    report.decided_at, report.decided_by = (timezone.now(), member) if state in DECIDED else (None, None)
    report.acknowledged_at = None  # the reporter reads each outcome anew
    report.version += 1
    report.save(update_fields=["state", "outcome", "decided_at", "decided_by", "acknowledged_at", "version"])
    publish_report(report, "updated")
    _record("report.decided" if state in DECIDED else "report.moved", member, report, before, after)


def _outcome(report: Report, state: Report.State) -> Report.Outcome:
    """Return the gravest thing that was done since the report was made."""
    if state == Report.State.DISMISSED:
        return Report.Outcome.NO_ACTION
    since = Sanction.objects.filter(member=report.author_id, created_at__gte=report.created_at)
    kinds = set(since.values_list("kind", flat=True))
    message = report.message
    done = {
        Report.Outcome.SUSPENDED: Sanction.Kind.SUSPENSION in kinds,
        Report.Outcome.MUTED: Sanction.Kind.MUTE in kinds,
        Report.Outcome.REMOVED: message is not None and message.deleted_at is not None,
        Report.Outcome.HIDDEN: message is not None and message.hidden_at is not None,
        Report.Outcome.WARNED: Sanction.Kind.WARNING in kinds,
    }
    return next((outcome for outcome, was in done.items() if was), Report.Outcome.OTHER)


def _record(action: str, member: Member, report: Report, before: Values, after: Values) -> None:
    audit.record(action, actor=member, target=report, before=before, after=after)
