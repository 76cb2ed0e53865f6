from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models

from accounts.clean_text import LineField
from accounts.models import Member
from accounts.tenancy import TenantModel, TenantReference
from chat.entities.statuses import Status as StatusEntity

LENGTH = 100  # characters of the text: it stands beside a name


class Status(TenantModel):
    """What a member is doing. The row stays when the status is cleared, because `version` must grow on."""

    member = models.OneToOneField(
        Member, on_delete=models.CASCADE, related_name="+", primary_key=True, db_constraint=False
    )
    text = LineField(max_length=LENGTH, blank=True)
    emoji = models.CharField(max_length=32, blank=True)
    until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)

    member_id: UUID

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            TenantReference(field="member", to="accounts_member", name="status_member"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["until"], name="status_expiry", condition=models.Q(until__isnull=False)),
        ]

    def entity(self) -> StatusEntity:
        return StatusEntity(
            member=self.member_id, text=self.text, emoji=self.emoji, until=self.until, version=self.version
        )
