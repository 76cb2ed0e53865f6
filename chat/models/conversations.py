from __future__ import annotations

from typing import Any, ClassVar, cast
from uuid import UUID

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.clean_text import LineField
from accounts.models import Member
from accounts.tenancy import TenantModel, TenantReference, new_id, tenant_key
from chat.client.ranges import count_unread
from chat.entities.conversations import Conversation as ConversationEntity
from chat.entities.participants import Participant as ParticipantEntity
from chat.models.ranges import RangesField, beginning


class Kind(models.TextChoices):
    PUBLIC = "public", _("Public channel")
    PRIVATE = "private", _("Private channel")
    DIRECT = "direct", _("Direct message")
    GROUP = "group", _("Group message")


CHANNELS = (Kind.PUBLIC, Kind.PRIVATE)


class Notifications(models.TextChoices):
    ALL = "all", _("Every message")
    MENTIONS = "mentions", _("Mentions")
    NONE = "none", _("Nothing")


class Conversation(TenantModel):
    """A public or private channel, a direct or a group message. `last_seq` is the seq of its newest message."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    # Null, not empty: the names of direct messages must not collide.
    name = LineField(max_length=80, null=True, blank=True)  # type: ignore[misc]  # the field's type knows no null
    topic = LineField(max_length=250, blank=True)
    # A direct or group message is found by its people instead of being made twice; sorted, unique.
    people = ArrayField(models.UUIDField(), default=list, blank=True)
    created_by = models.ForeignKey(
        Member, on_delete=models.SET_NULL, related_name="+", db_constraint=False, null=True, blank=True
    )
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)
    locked_at = models.DateTimeField(null=True, blank=True)  # nobody writes but moderators
    announcement_only = models.BooleanField(default=False, db_default=False)
    slow_mode = models.PositiveIntegerField(
        default=0, db_default=0, help_text=_("Seconds between two messages of one member; 0: off.")
    )
    retention_days = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Empty: as the organization says; 0: for ever.")
    )
    last_seq = models.BigIntegerField(default=0)
    last_message_at = models.DateTimeField(null=True, blank=True)  # when the message `last_seq` was written
    # Messages that were deleted or hidden; they never count as unread. Changes under the conversation's lock.
    gone = RangesField(default=list, db_default=[], editable=False)
    # The oldest message that is kept. What lies below it is gone for everybody, though rows may still be there.
    first_seq = models.BigIntegerField(default=1, db_default=1)
    version = models.PositiveIntegerField(default=1)

    created_by_id: UUID | None

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            tenant_key("conversation_tenant_key"),
            TenantReference(field="created_by", to="accounts_member", name="conversation_created_by"),
            models.UniqueConstraint(
                "organization",
                Lower("name"),
                name="conversation_name_once",
                condition=models.Q(archived_at=None, kind__in=CHANNELS),
            ),
            models.UniqueConstraint(
                fields=["organization", "people"],
                name="conversation_people_once",
                condition=models.Q(kind__in=[Kind.DIRECT, Kind.GROUP]),
            ),
            models.CheckConstraint(
                name="conversation_named_or_peopled",
                condition=models.Q(kind__in=CHANNELS, name__isnull=False, people=[])
                | models.Q(kind__in=[Kind.DIRECT, Kind.GROUP], name=None, people__len__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.name}" if self.name else self.get_kind_display()

    @property
    def is_channel(self) -> bool:
        return self.kind in CHANNELS

    def entity(self) -> ConversationEntity:
        return ConversationEntity(
            id=self.id,
            kind=cast(Any, self.kind),
            name=self.name,
            topic=self.topic,
            people=self.people,
            created_by=self.created_by_id,
            created_at=self.created_at,
            archived_at=self.archived_at,
            locked_at=self.locked_at,
            announcement_only=self.announcement_only,
            slow_mode=self.slow_mode,
            retention_days=self.retention_days,
            first_seq=self.first_seq,
            last_seq=self.last_seq,
            last_message_at=self.last_message_at,
            gone=self.gone,
            version=self.version,
        )


class Participant(TenantModel):
    """A member in a conversation; kept as a tombstone when they leave, so that `version` goes on growing."""

    class Role(models.TextChoices):
        ADMIN = "admin", _("Channel admin")
        MEMBER = "member", _("Participant")

    id = models.BigAutoField(primary_key=True)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="participants", db_constraint=False
    )
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="participants", db_constraint=False)
    role = models.CharField(max_length=6, choices=Role.choices, default=Role.MEMBER)
    read_seq = models.BigIntegerField(default=0)  # how far the main line was shown
    read = RangesField(default=beginning, db_default=[[0, 0]], editable=False)  # what counts as read; only grows
    unread_from = models.BigIntegerField(null=True, blank=True)  # a seq: marked unread from there on
    notifications = models.CharField(max_length=8, choices=Notifications.choices, default=Notifications.ALL)
    muted = models.BooleanField(default=False)
    favourite = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    conversation_id: UUID
    member_id: UUID

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["conversation", "member"], name="participant_once"),
            TenantReference(field="conversation", to="chat_conversation", name="participant_conversation"),
            TenantReference(field="member", to="accounts_member", name="participant_member"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["member"], name="participant_present", condition=models.Q(left_at=None)),
        ]

    def unread(self, conversation: Conversation) -> int:
        """Return how many of the kept messages are unread."""
        return count_unread(
            first_seq=conversation.first_seq,
            last_seq=conversation.last_seq,
            read=self.read,
            gone=conversation.gone,
            unread_from=self.unread_from,
        )

    def entity(self, *, own: bool) -> ParticipantEntity:
        """Return the entity; `own` adds the fields that only the member themself receives."""
        shared = ParticipantEntity(
            conversation=self.conversation_id,
            member=self.member_id,
            role=cast(Any, self.role),
            joined_at=self.joined_at,
            left_at=self.left_at,
            version=self.version,
        )
        if not own:
            return shared
        return msgspec.structs.replace(
            shared,
            read_seq=self.read_seq,
            read=self.read,
            unread_from=self.unread_from,
            notifications=self.notifications,
            muted=self.muted,
            favourite=self.favourite,
        )
