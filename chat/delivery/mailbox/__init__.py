"""Where undelivered events wait. `mailbox()` is the backend that the setting MAILBOX_BACKEND names."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from chat.delivery.mailbox.contract import Mailbox, News, Position, Recipients

BACKENDS = {
    "postgres": "chat.delivery.mailbox.postgres.PostgresMailbox",
    "valkey": "chat.delivery.mailbox.valkey.ValkeyMailbox",
    "memory": "chat.delivery.mailbox.memory.MemoryMailbox",
}

__all__ = ["BACKENDS", "Mailbox", "News", "Position", "Recipients", "backend", "mailbox"]


def mailbox() -> Mailbox:
    return backend(settings.MAILBOX_BACKEND)


@cache
def backend(name: str) -> Mailbox:
    made: Mailbox = import_string(BACKENDS[name])()
    return made
