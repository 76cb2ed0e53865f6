"""Mailboxes: the undelivered events of each client. `mailbox()` is the backend that MAILBOX_BACKEND names."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from chat.delivery.mailbox.contract import Backlog, EventBatch, Mailbox, Position, Purge, Recipients

BACKENDS = {
    "postgres": "chat.delivery.mailbox.postgres.PostgresMailbox",
    "valkey": "chat.delivery.mailbox.valkey.ValkeyMailbox",
    "memory": "chat.delivery.mailbox.memory.MemoryMailbox",
}

__all__ = ["BACKENDS", "Backlog", "EventBatch", "Mailbox", "Position", "Purge", "Recipients", "backend", "mailbox"]


def mailbox() -> Mailbox:
    return backend(settings.MAILBOX_BACKEND)


@cache
def backend(name: str) -> Mailbox:
    made: Mailbox = import_string(BACKENDS[name])()
    return made
