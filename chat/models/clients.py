from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.clean_text import LineField
from accounts.models import Member
from accounts.tenancy import TenantManager, TenantModel, TenantReference, new_id


class Node(models.Model):
    """One ASGI process that holds sockets. It renews its lease; past `lease_until` it is dead."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=120)  # host and pid, for people
    started_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField()


class Client(TenantModel):
    """A tab or a device of a member. It survives any number of sockets.

    `tag` is the number of the newest entry of its mailbox. The mailbox reaches back to T when the entries
    T+1 … tag are all there; there is no other record of what was acked or emptied, so none can disagree.
    `recent` are the events of its newest entries, ending with that of `tag`, while it is connected; those before are
    rows of MailboxEntry (see chat/delivery/mailbox/postgres_statements.py).
    """

    class Platform(models.TextChoices):
        WEB = "web", _("Browser")
        IOS = "ios", _("iOS")
        ANDROID = "android", _("Android")
        DESKTOP = "desktop", _("Desktop")
        BOT = "bot", _("Bot")

    id = models.BigAutoField(primary_key=True)  # small, because the hot tables and the lock order are made of it
    public_id = models.UUIDField(unique=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="clients", db_constraint=False)
    platform = models.CharField(max_length=7, choices=Platform.choices)
    label = LineField(max_length=80, blank=True)
    user_agent = LineField(max_length=200, blank=True, db_default="")  # a hint, for the list of one's devices
    credential = models.CharField(max_length=80, help_text="The session or token it was registered with.")
    tag = models.BigIntegerField(default=0)
    recent = ArrayField(models.BigIntegerField(), default=list, db_default=[], editable=False)
    node_id = models.BigIntegerField(null=True, help_text="The node that holds its socket now.")
    connected_at = models.DateTimeField(null=True)  # of the present socket, or of the last one
    last_seen_at = models.DateTimeField(default=timezone.now)
    overflowed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    member_id: UUID

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            TenantReference(field="member", to="accounts_member", name="client_member", on_delete="CASCADE"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["node_id"], name="client_connected", condition=models.Q(node_id__isnull=False)),
            models.Index(fields=["platform", "last_seen_at"], name="client_staleness"),
            models.Index(fields=["credential"], name="client_credential"),
        ]


class MailboxEntry(models.Model):
    """One event in one client's mailbox that has no room beside the client's tag. No foreign keys: at 250,000 rows a
    second their checks would cost more than the rows; every entry is written by the one statement that also reads its
    client and event under the organization."""

    pk = models.CompositePrimaryKey("client_id", "tag")
    client_id = models.BigIntegerField()
    tag = models.BigIntegerField()
    event_id = models.BigIntegerField()


class AckedEntry(models.Model):
    """The proof that an event was delivered, where ACKED_ENTRIES is "keep". A table in partitions of one day, dropped
    as a whole when their time is over; it outlives the client and so names the member and the client's public id."""

    pk = models.CompositePrimaryKey("client", "tag", "acked_at")
    organization_id = models.UUIDField()
    member_id = models.UUIDField()
    client = models.UUIDField()
    tag = models.BigIntegerField()
    event_id = models.BigIntegerField()
    acked_at = models.DateTimeField()

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        managed = False
        db_table = "chat_ackedentry"
