"""Where each follower of the event log stands (chat/delivery/followers)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.tenancy import TenantModel
from chat.models.log import TransactionIdField


class Follower(models.Model):
    """Which events of the log one follower has already put into its queues. chat/delivery/followers/reader.py explains
    the columns; no other file writes them."""

    name = models.CharField(primary_key=True, max_length=40)
    cluster = models.CharField(max_length=64)  # the database cluster and its timeline
    since = models.TextField()  # pg_snapshot: every event that it sees is in a queue, or was handled
    until = models.TextField(default="")  # pg_snapshot: the events that it sees as well are read now; "": none are
    position = models.BigIntegerField(default=0)  # while reading: events up to this id are in a queue
    last = models.BigIntegerField(default=0)  # while reading: no event that `until` sees has a higher id
    floor = models.BigIntegerField(null=True)  # no event that `since` does not see has this id or a lower one
    mark_xid = TransactionIdField()  # the next floor: valid once every transaction below this id has ended
    mark_id = models.BigIntegerField()
    restored = models.BooleanField(default=False)  # reading rows of a restored database, whose xids mean nothing here
    restored_at = models.DateTimeField(null=True)  # when the database was last found to be another one
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)  # when a worker last had this follower in its code

    def __str__(self) -> str:
        return self.name


class FollowerQueue(TenantModel):
    """The events of one organization for one follower. The row is the lock of the worker that handles them."""

    follower = models.ForeignKey(Follower, on_delete=models.CASCADE, related_name="+", db_index=False)
    ready_at = models.DateTimeField(db_default=models.functions.Now())  # when its next events may be handled
    handled = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)  # calls of the handler that failed
    tries = models.PositiveIntegerField(default=0)  # failures of the first event that waits
    singly = models.PositiveIntegerField(default=0)  # after a failed batch: so many events are handled one by one
    held = models.UUIDField(null=True)  # marks a turn from its beginning to its end; `ready_at` is its lease

    follower_id: str

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["follower", "organization"], name="follower_queue")
        ]


class QueuedEvents(TenantModel):
    """Event ids that wait in a queue, in the order in which they are handled: by row, then by place in the array."""

    id = models.BigAutoField(primary_key=True)
    follower = models.ForeignKey(Follower, on_delete=models.CASCADE, related_name="+", db_index=False)
    ids = ArrayField(models.BigIntegerField())
    size = models.PositiveIntegerField()  # of the array
    done = models.PositiveIntegerField(default=0)  # so many of them were handled

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["follower", "organization", "id"], name="queued_events")
        ]


class SetAsideEvent(TenantModel):
    """An event that a follower could not handle, until the installation's staff try it again or discard it."""

    follower = models.ForeignKey(Follower, on_delete=models.CASCADE, related_name="+", db_index=False)
    event_id = models.BigIntegerField()
    type = models.CharField(max_length=24)
    tries = models.PositiveIntegerField()
    error = models.CharField(max_length=300)  # the kind of error and where it was raised; never what it says
    first_at = models.DateTimeField(default=timezone.now)  # when it was set aside
    last_at = models.DateTimeField(default=timezone.now)  # when it failed last
    retry_at = models.DateTimeField(null=True)  # since when it waits for another try; null: it does not

    follower_id: str

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["follower", "event_id"], name="set_aside_once")
        ]


class FollowerGap(TenantModel):
    """Events of an organization that were purged before a follower handled them: their number and the latest ones."""

    follower = models.ForeignKey(Follower, on_delete=models.CASCADE, related_name="+", db_index=False)
    events = models.BigIntegerField()
    last_id = models.BigIntegerField()
    last_at = models.DateTimeField(default=timezone.now)  # when that was found

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["follower", "organization"], name="follower_gap")
        ]
