from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models

from accounts.models import Member
from accounts.tenancy import TenantModel, TenantReference, new_id
from chat.entities.subscriptions import Subscription as SubscriptionEntity


class Subscription(TenantModel):
    """That a member follows a thread by their own choice, or does not. The last choice of each thread is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    thread = models.UUIDField()  # a message; no reference, because clients keep it when retention takes the message
    follows = models.BooleanField()
    since = models.BigIntegerField()
    version = models.PositiveIntegerField(default=0)

    member_id: UUID

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            TenantReference(field="member", to="accounts_member", name="subscription_member"),
            models.UniqueConstraint(fields=["thread", "member"], name="subscription_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["member", "id"], name="subscription_of_member")]

    def entity(self) -> SubscriptionEntity:
        return SubscriptionEntity(
            id=self.id, thread=self.thread, follows=self.follows, since=self.since, version=self.version
        )
