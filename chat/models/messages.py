from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, cast
from uuid import UUID

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils import timezone

from accounts.models import Member
from accounts.tenancy import TenantModel, TenantReference, new_id, tenant_key
from chat.entities.messages import Message as MessageEntity
from chat.lexemes import vector
from chat.models.conversations import Conversation


class LexemesField(SearchVectorField):  # type: ignore[type-arg]  # no subscript at run time
    """The index of the message's text, made anew whenever the text is saved. It is written and searched, never read."""

    derived = True

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: FBT001  # Django's signature
        return vector(cast(Message, model_instance).text)


class Message(TenantModel):
    """A message of a member. `seq` is dense per conversation, `version` grows with every change, reactions included."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages", db_constraint=False, db_index=False
    )
    seq = models.BigIntegerField()
    author = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    ref = models.UUIDField(null=True, help_text="Made by the client that sent it: the idempotency key.")
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    thread = models.ForeignKey(
        "self", on_delete=models.SET_NULL, related_name="replies", db_constraint=False, db_index=False, null=True
    )
    reply_count = models.PositiveIntegerField(default=0)
    mentions = ArrayField(models.UUIDField(), default=list, blank=True)
    wide_mention = models.CharField(max_length=7, null=True, blank=True)
    # Copied from the head of the thread, so that the replies to somebody are found by an index.
    thread_author = models.UUIDField(null=True, blank=True)
    pinned_at = models.DateTimeField(null=True, blank=True)
    pinned_by = models.UUIDField(null=True, blank=True)  # a member, as in `mentions`
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)  # by a moderator: the text stays in the row, unseen
    purged_at = models.DateTimeField(null=True, blank=True)  # removed for good: an empty row that keeps its seq
    version = models.PositiveIntegerField(default=1)
    search = LexemesField(null=True, editable=False)

    conversation_id: UUID
    author_id: UUID
    thread_id: UUID | None

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            tenant_key("message_tenant_key"),
            models.UniqueConstraint(fields=["conversation", "seq"], name="message_seq_once"),
            models.UniqueConstraint(fields=["organization", "author", "ref"], name="message_ref_once"),
            TenantReference(field="conversation", to="chat_conversation", name="message_conversation"),
            TenantReference(field="author", to="accounts_member", name="message_author"),
            TenantReference(field="thread", to="chat_message", name="message_thread"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(fields=["search"], name="message_search"),
            models.Index(fields=["thread", "seq"], name="message_thread_seq", condition=models.Q(thread__isnull=False)),
            # Four small ones: most messages are in none of them.
            GinIndex(fields=["mentions"], name="message_mentions", condition=~models.Q(mentions=[])),
            models.Index(
                fields=["conversation", "id"], name="message_wide", condition=models.Q(wide_mention__isnull=False)
            ),
            models.Index(
                fields=["thread_author", "id"], name="message_answers", condition=models.Q(thread_author__isnull=False)
            ),
            models.Index(fields=["author", "id"], name="message_replies_of", condition=models.Q(thread__isnull=False)),
            models.Index(
                fields=["conversation", "pinned_at"], name="message_pins", condition=models.Q(pinned_at__isnull=False)
            ),
        ]

    def save(self, *, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        if update_fields is not None and "text" in update_fields:
            update_fields = {*update_fields, "search"}
        super().save(update_fields=update_fields, **options)

    @property
    def is_gone(self) -> bool:
        """Return whether only a tombstone of the message is shown."""
        return self.deleted_at is not None or self.hidden_at is not None

    @property
    def shown_text(self) -> str:
        """Return the text that readers of the conversation see: none where a moderator has hidden the message."""
        return "" if self.hidden_at is not None else self.text

    def bare_entity(self) -> MessageEntity:
        """Return the entity as the row alone gives it: right for a new message, which carries nothing else yet.

        For all others there is chat/content, which adds what hangs on the message. A hidden message has no words here.
        """
        hidden = self.hidden_at is not None
        return MessageEntity(
            id=self.id,
            conversation=self.conversation_id,
            seq=self.seq,
            author=self.author_id,
            text=self.shown_text,
            html="" if hidden else self.html,
            thread=self.thread_id,
            reply_count=self.reply_count,
            reactions=[],
            mentions=self.mentions,
            wide_mention=cast(Any, self.wide_mention),
            attachments=[],
            created_at=self.created_at,
            edited_at=self.edited_at,
            deleted_at=self.deleted_at,
            hidden_at=self.hidden_at,
            pinned_at=self.pinned_at,
            pinned_by=self.pinned_by,
            version=self.version,
            ref=self.ref,
        )

    def expired_entity(self) -> MessageEntity:
        """Return the entity of an expired head of a thread that has younger replies.

        It says whose message it was and when, whether its words are gone from the row already or kept for moderators.
        """
        nothing: dict[str, Any] = {"mentions": [], "wide_mention": None, "pinned_at": None, "pinned_by": None}
        return msgspec.structs.replace(self.bare_entity(), text="", html="", hidden_at=None, expired=True, **nothing)


class Reaction(TenantModel):
    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions", db_constraint=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    emoji = models.CharField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now)

    message_id: UUID
    member_id: UUID

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["message", "emoji", "member"], name="reaction_once"),
            TenantReference(field="message", to="chat_message", name="reaction_message"),
            TenantReference(field="member", to="accounts_member", name="reaction_member"),
        ]


class Revision(TenantModel):
    """The text of a message before it was edited or deleted."""

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="revisions", db_constraint=False)
    version = models.PositiveIntegerField(help_text="The version of the message that said this.")
    text = models.TextField()
    replaced_by = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    replaced_at = models.DateTimeField(default=timezone.now)

    message_id: UUID
    replaced_by_id: UUID

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["message", "version"], name="revision_once"),
            TenantReference(field="message", to="chat_message", name="revision_message"),
            TenantReference(field="replaced_by", to="accounts_member", name="revision_replaced_by"),
        ]
