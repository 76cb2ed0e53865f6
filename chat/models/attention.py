from __future__ import annotations

from typing import Any, ClassVar, cast
from uuid import UUID

from django.db import models
from django.utils import timezone

from accounts.models import Member
from accounts.tenancy import TenantModel, TenantReference, new_id
from chat.entities.attentions import Attention as AttentionEntity
from chat.models.conversations import Conversation
from chat.models.messages import Message


class Attention(TenantModel):
    """Records that a message concerns one member, or with `member` NULL every participant, and why.

    Written by chat/attention alone. `withdrawn_at` is set while the message does not concern them any more: it was
    edited, deleted or hidden. The row stays, because `version` must grow on when the message is restored.
    """

    class Reason(models.TextChoices):
        MENTION = "mention"
        GROUP = "group"
        REPLY = "reply"
        KEYWORD = "keyword"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    seq = models.BigIntegerField()  # of the message
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False, null=True
    )
    reason = models.CharField(max_length=7, choices=Reason.choices)
    version = models.PositiveIntegerField(default=1, db_default=1)
    recorded_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True)

    message_id: UUID
    conversation_id: UUID
    member_id: UUID | None

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["message", "member"], name="attention_once", nulls_distinct=False),
            TenantReference(field="message", to="chat_message", name="attention_message"),
            TenantReference(field="conversation", to="chat_conversation", name="attention_conversation"),
            TenantReference(field="member", to="accounts_member", name="attention_member"),
            models.CheckConstraint(
                name="attention_of_one_or_all",
                condition=models.Q(member=None, reason="group")
                | models.Q(member__isnull=False) & ~models.Q(reason="group"),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # What is unread, for sync.
            models.Index(
                fields=["member", "conversation", "seq"],
                name="attention_unread",
                condition=models.Q(member__isnull=False),
            ),
            models.Index(
                fields=["conversation", "seq"], name="attention_unread_by_all", condition=models.Q(member=None)
            ),
            # The newest, for the list of mentions.
            models.Index(
                fields=["member", "message"],
                name="attention_newest",
                condition=models.Q(member__isnull=False, withdrawn_at=None),
            ),
            models.Index(
                fields=["conversation", "message"],
                name="attention_newest_of_all",
                condition=models.Q(member=None, withdrawn_at=None),
            ),
        ]

    def entity(self, *, author: UUID, thread: UUID | None) -> AttentionEntity:
        """Return the entity; author and thread are those of the message."""
        return AttentionEntity(
            id=self.id,
            message=self.message_id,
            conversation=self.conversation_id,
            seq=self.seq,
            thread=thread,
            author=author,
            member=self.member_id,
            reason=cast(Any, self.reason),
            withdrawn_at=self.withdrawn_at,
            version=self.version,
        )
