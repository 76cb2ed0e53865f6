from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Func
from django.utils import timezone

from accounts.tenancy import TenantModel, TenantReference
from chat.entities.registry import event_types
from chat.models.conversations import Conversation

if TYPE_CHECKING:
    _IntegerField = models.Field[int, int]
else:
    _IntegerField = models.Field


class TransactionIdField(_IntegerField):
    """PostgreSQL's `xid8`: the 64-bit id of the writing transaction, which never wraps around."""

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(value)


class Event(TenantModel):
    """One row of the append-only log: something changed that clients must learn, with the entity's whole new state.

    Its audience is `conversation` (who takes part in it), `member` (that member alone), or, with neither, everybody.
    `xid` makes the log safe to read behind concurrent writers: ids are taken before commit, so a lower id may appear
    later, but what is below a snapshot's xmin is complete.
    """

    id = models.BigAutoField(primary_key=True)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False, null=True
    )
    member_id = models.UUIDField(null=True)
    type = models.CharField(max_length=24)
    entity_id = models.UUIDField()
    data = models.TextField()  # JSON of the entity, exactly as it is sent
    at = models.DateTimeField(default=timezone.now)
    # Still to be put into the mailboxes: only where these live outside the database, and only for a moment.
    pending = models.BooleanField(default=False, db_default=False)
    xid = TransactionIdField(db_default=Func(function="pg_current_xact_id"), editable=False)

    conversation_id: UUID | None

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            TenantReference(field="conversation", to="chat_conversation", name="event_conversation"),
            models.CheckConstraint(name="event_type_known", condition=models.Q(type__in=event_types())),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["conversation", "xid"], name="event_of_conversation", condition=models.Q(member_id=None)
            ),
            models.Index(
                fields=["member_id", "xid"], name="event_of_member", condition=models.Q(member_id__isnull=False)
            ),
            models.Index(
                fields=["organization", "xid"],
                name="event_of_organization",
                condition=models.Q(conversation=None, member_id=None),
            ),
            models.Index(fields=["at"], name="event_age"),
            models.Index(fields=["id"], name="event_pending", condition=models.Q(pending=True)),
        ]
