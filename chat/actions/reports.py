"""A member asks the moderators to look at a message; they look, and decide.

The reporter is told the state and the outcome, never who decided. Lock order: conversation, reports by ascending id,
clients (inside publish).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext
from msgspec import UNSET, UnsetType

from accounts import audit
from accounts.actions.changes import Values
from accounts.clean_text import clean_lines
from accounts.mail import send_template_later
from accounts.models import Member
from accounts.roles import Right, Role, has_right
from accounts.rules import governed
from chat import rules
from chat.access import find_message, find_report, open_reports, visible_reports
from chat.delivery import Draft, one_member, publish
from chat.errors import Conflict, Invalid, NotFound
from chat.models import Report, ReportNote, Sanction

COMMENT_LENGTH: Final = 1000
NOTE_LENGTH: Final = 2000
AT_ONCE: Final = 200  # reports decided together: a page of the desk
MAIL_PAUSE: Final = timedelta(hours=1)
UNDECIDED: Final = (Report.State.OPEN, Report.State.IN_REVIEW)
DECIDED: Final = frozenset({Report.State.RESOLVED, Report.State.DISMISSED})


@governed(rules.REPORT)
@transaction.atomic
def report_message(member: Member, message_id: UUID, *, reason: Report.Reason, comment: str = "") -> Report:
    """Put a message into the moderators' queue. Once for each member and message: a second report finds the first.

    Behind the conversation's lock, so that retention does not take the message away meanwhile.
    """
    message, _ = find_message(member, message_id, lock=True)
    if message.author_id == member.pk:
        raise Conflict(gettext("That is your own message."))
    if message.purged_at is not None:
        raise Conflict(gettext("The message was removed."))
    report: Report
    report, created = Report.objects.get_or_create(
        organization_id=member.organization_id,
        message=message,
        reporter=member,
        defaults={
            "conversation_id": message.conversation_id,
            "author_id": message.author_id,
            "reason": reason,
            "comment": _clean(comment, "comment", COMMENT_LENGTH),
        },
    )
    if created:
        _publish(report, "created")
        audit.record("message.report", actor=member, target=message, after={"reason": reason})
    return report


@governed(rules.ACKNOWLEDGE)
@transaction.atomic
def acknowledge_report(member: Member, report_id: UUID) -> Report:
    """Record that the reporter has read the outcome. Repeating it changes nothing.

    Raises NotFound for reports of others, Conflict while the report is not decided.
    """
    own = Report.objects.filter(reporter=member, pk=report_id).select_for_update(no_key=True)
    report: Report | None = own.first()
    if report is None:
        raise NotFound
    if not report.is_decided:
        raise Conflict(gettext("The report has not been decided yet."))
    if report.acknowledged_at is None:
        report.acknowledged_at = timezone.now()
        report.version += 1
        report.save(update_fields=["acknowledged_at", "version"])
        publish(report.organization_id, _to_reporter(report, "report.updated"))
    return report


def publish_open_reports(moderator: Member) -> None:
    """Tell somebody who has just become a moderator which reports are open, as a first sync would."""
    cases = [_case(report, moderator.pk, "case.updated") for report in open_reports(moderator)]
    if cases:
        publish(moderator.organization_id, *cases)


def mail_open_reports() -> int:
    """Mail the moderators how many reports are open, where there are new ones since the last mail.

    An organization gets at most one such mail in MAIL_PAUSE to each moderator, and it names neither people nor texts.
    Returns how many mails were queued: none without a mail server. Runs with every organization in scope.
    """
    if not settings.MAIL_SERVER:
        return 0
    waiting = Report.objects.filter(state__in=UNDECIDED, mailed_at=None).values_list("organization_id", flat=True)
    return sum(_mail_moderators(organization_id) for organization_id in sorted(waiting.distinct()))


@transaction.atomic
def _mail_moderators(organization_id: UUID) -> int:
    """Locks the new reports, so that two runs do not mail the same ones."""
    ours = Report.objects.filter(organization_id=organization_id)
    undecided = ours.filter(state__in=UNDECIDED)
    fresh = list(undecided.filter(mailed_at=None).order_by("pk").select_for_update(no_key=True))
    now, last = timezone.now(), ours.aggregate(last=Max("mailed_at"))["last"]
    if not fresh or (last is not None and last > now - MAIL_PAUSE):
        return 0
    ours.filter(pk__in=[report.pk for report in fresh]).update(mailed_at=now)
    roles = [role for role in Role if has_right(role, Right.MODERATE)]
    moderators = Member.objects.filter(organization_id=organization_id, role__in=roles, deactivated_at=None)
    told = [
        each
        for each in moderators.select_related("user", "organization").order_by("pk")
        if any(report.author_id != each.pk for report in fresh)  # nobody learns of reports about themselves
    ]
    for moderator in told:
        context = {
            "organization": moderator.organization.name,
            "count": undecided.exclude(author=moderator).count(),
            "link": f"{settings.BASE_URL}/o/{moderator.organization.slug}/desk",
        }
        send_template_later("chat/email/reports", to=moderator.user.email, context=context)
    return len(told)


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
    if note := _clean(note, "note", NOTE_LENGTH):
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
    """The same decision for up to AT_ONCE reports, all or none. Raises NotFound when one of them is not there."""
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
    _publish(report, "updated")
    _record("report.decided" if state in DECIDED else "report.moved", member, report, before, after)


def _outcome(report: Report, state: Report.State) -> Report.Outcome:
    """What was done since the report was made, the gravest first."""
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


def _clean(text: str, field: str, most: int) -> str:
    text = clean_lines(text)
    if len(text) > most:
        raise Invalid({field: [gettext("%(most)s characters at most.") % {"most": most}]})
    return text


def _record(action: str, member: Member, report: Report, before: Values, after: Values) -> None:
    audit.record(action, actor=member, target=report, before=before, after=after)


def _publish(report: Report, change: Literal["created", "updated"]) -> None:
    """Tell the reporter, and tell the moderators that there is a case. Whoever was reported learns nothing of it."""
    cases = [_case(report, moderator, f"case.{change}") for moderator in _moderators(report)]
    publish(report.organization_id, _to_reporter(report, f"report.{change}"), *cases)


def _to_reporter(report: Report, type: str) -> Draft:
    return Draft(type=type, entity=report.entity(), entity_id=report.pk, audience=one_member(report.reporter_id))


def _case(report: Report, moderator: UUID, type: str) -> Draft:
    return Draft(type=type, entity=report.case(), entity_id=report.pk, audience=one_member(moderator))


def _moderators(report: Report) -> list[UUID]:
    """Everybody who finds the report on the desk, ascending."""
    roles = [role for role in Role if has_right(role, Right.MODERATE)]
    active = Member.objects.filter(role__in=roles, deactivated_at=None).exclude(pk=report.author_id)
    return list(active.order_by("pk").values_list("pk", flat=True))
