from __future__ import annotations

from typing import Any, ClassVar, cast
from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.clean_text import LineField, LinesField
from accounts.models import Member
from accounts.tenancy import TenantModel, TenantReference, new_id, tenant_key
from chat.entities.cases import Case as CaseEntity
from chat.entities.reports import Report as ReportEntity
from chat.entities.sanctions import Sanction as SanctionEntity
from chat.models.conversations import Conversation
from chat.models.messages import Message


class Report(TenantModel):
    """A member asks the moderators to look at a message. `author` is who wrote it.

    A report outlives its message: once it is decided, retention may take the message away and `message` is null.
    """

    class Reason(models.TextChoices):
        SPAM = "spam", _("Spam")
        HARASSMENT = "harassment", _("Harassment")
        INAPPROPRIATE = "inappropriate", _("Inappropriate content")
        CONFIDENTIAL = "confidential", _("Confidential information")
        OTHER = "other", _("Something else")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        IN_REVIEW = "in_review", _("In review")
        RESOLVED = "resolved", _("Resolved")
        DISMISSED = "dismissed", _("Dismissed")

    class Outcome(models.TextChoices):
        NO_ACTION = "no_action", _("No action")
        HIDDEN = "hidden", _("Message hidden")
        REMOVED = "removed", _("Message removed")
        WARNED = "warned", _("Author warned")
        MUTED = "muted", _("Author muted")
        SUSPENDED = "suspended", _("Author suspended")
        OTHER = "other", _("Dealt with otherwise")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(
        Message, on_delete=models.SET_NULL, related_name="reports", db_constraint=False, null=True
    )
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    author = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    reporter = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    reason = models.CharField(max_length=13, choices=Reason.choices)
    comment = LinesField(max_length=1000, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    outcome = models.CharField(max_length=9, choices=Outcome.choices, blank=True)
    assignee = models.ForeignKey(
        Member, on_delete=models.SET_NULL, related_name="+", db_constraint=False, null=True, blank=True
    )
    decided_by = models.ForeignKey(
        Member, on_delete=models.SET_NULL, related_name="+", db_constraint=False, null=True, blank=True
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)  # when the reporter had read the outcome
    mailed_at = models.DateTimeField(null=True, blank=True)  # when the moderators were sent a mail that counts it
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    message_id: UUID | None
    conversation_id: UUID
    author_id: UUID
    reporter_id: UUID
    assignee_id: UUID | None
    decided_by_id: UUID | None

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            tenant_key("report_tenant_key"),
            models.UniqueConstraint(fields=["message", "reporter"], name="report_once"),
            TenantReference(field="message", to="chat_message", name="report_message"),
            TenantReference(field="conversation", to="chat_conversation", name="report_conversation"),
            TenantReference(field="author", to="accounts_member", name="report_author"),
            TenantReference(field="reporter", to="accounts_member", name="report_reporter"),
            TenantReference(field="assignee", to="accounts_member", name="report_assignee"),
            TenantReference(field="decided_by", to="accounts_member", name="report_decided_by"),
            models.CheckConstraint(
                name="report_decided_or_not",
                condition=models.Q(state__in=["open", "in_review"], decided_at=None, outcome="")
                | (models.Q(state__in=["resolved", "dismissed"], decided_at__isnull=False) & ~models.Q(outcome="")),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "state", "-created_at"], name="report_queue"),
            models.Index(fields=["author", "-created_at"], name="report_of_author"),
            models.Index(
                fields=["conversation"],
                name="report_undecided",
                condition=models.Q(state__in=["open", "in_review"]),
            ),
            models.Index(
                fields=["organization"],
                name="report_not_mailed",
                condition=models.Q(state__in=["open", "in_review"], mailed_at=None),
            ),
        ]

    @property
    def is_decided(self) -> bool:
        return self.decided_at is not None

    def entity(self) -> ReportEntity:
        """Return the entity for the reporter, which never says who decided."""
        return ReportEntity(
            id=self.pk,
            message=self.message_id,
            conversation=self.conversation_id,
            reason=cast(Any, self.reason),
            comment=self.comment,
            state=cast(Any, self.state),
            outcome=cast(Any, self.outcome or None),
            created_at=self.created_at,
            decided_at=self.decided_at,
            acknowledged_at=self.acknowledged_at,
            version=self.version,
        )

    def case(self) -> CaseEntity:
        """Return the entity for every moderator, who counts open cases: it does not say who or what was reported."""
        return CaseEntity(
            id=self.pk,
            reason=cast(Any, self.reason),
            state=cast(Any, self.state),
            created_at=self.created_at,
            version=self.version,
        )


class ReportNote(TenantModel):
    """A note of a moderator about a report. The reporter never sees it."""

    id = models.BigAutoField(primary_key=True)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="notes", db_constraint=False)
    author = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    text = LinesField(max_length=2000)
    created_at = models.DateTimeField(default=timezone.now)

    report_id: UUID
    author_id: UUID

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            TenantReference(field="report", to="chat_report", name="report_note_report", on_delete="CASCADE"),
            TenantReference(field="author", to="accounts_member", name="report_note_author"),
        ]


class Sanction(TenantModel):
    """A warning, a mute or a suspension of a member, as it was imposed; lifting it leaves it here."""

    class Kind(models.TextChoices):
        WARNING = "warning", _("Warning")
        MUTE = "mute", _("Mute")
        SUSPENSION = "suspension", _("Suspension")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reason = LineField(max_length=500)
    until = models.DateTimeField(
        null=True, blank=True, help_text=_("When it ends by itself; empty: when it is lifted.")
    )
    created_by = models.ForeignKey(
        Member, on_delete=models.SET_NULL, related_name="+", db_constraint=False, db_index=False, null=True
    )
    created_at = models.DateTimeField(default=timezone.now)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        Member, on_delete=models.SET_NULL, related_name="+", db_constraint=False, db_index=False, null=True, blank=True
    )
    lift_reason = LineField(max_length=500, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)  # when the member had read it
    version = models.PositiveIntegerField(default=1)

    member_id: UUID
    created_by_id: UUID | None
    lifted_by_id: UUID | None

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            tenant_key("sanction_tenant_key"),
            TenantReference(field="member", to="accounts_member", name="sanction_member"),
            TenantReference(field="created_by", to="accounts_member", name="sanction_created_by"),
            TenantReference(field="lifted_by", to="accounts_member", name="sanction_lifted_by"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["member", "-created_at"], name="sanction_of_member"),
            models.Index(fields=["organization", "-created_at"], name="sanction_newest"),
        ]

    def entity(self) -> SanctionEntity:
        """Return the entity for the member, which never says who imposed it."""
        return SanctionEntity(
            id=self.pk,
            member=self.member_id,
            kind=cast(Any, self.kind),
            reason=self.reason,
            until=self.until,
            created_at=self.created_at,
            lifted_at=self.lifted_at,
            acknowledged_at=self.acknowledged_at,
            version=self.version,
        )
