"""What the tests of accounts share: a note of every signal sent, and the audit log read back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.dispatch import Signal

from accounts import signals
from accounts.models import AuditEntry
from accounts.tenancy import every_organization
from config.celery import app as celery

SIGNALS = {name: signal for name, signal in vars(signals).items() if isinstance(signal, Signal)}


@pytest.fixture
def sent() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Every signal of accounts.signals, as `(name, arguments)`, in the order sent."""
    notes: list[tuple[str, dict[str, Any]]] = []

    def receiver_of(name: str) -> Any:
        def receive(*, sender: Any, signal: Signal, **arguments: Any) -> None:
            notes.append((name, arguments))

        return receive

    receivers = {name: receiver_of(name) for name in SIGNALS}
    for name, receiver in receivers.items():
        SIGNALS[name].connect(receiver)
    yield notes
    for name, receiver in receivers.items():
        SIGNALS[name].disconnect(receiver)


@pytest.fixture
def eager_tasks() -> Iterator[None]:
    """Tasks run where they are queued."""
    celery.conf.task_always_eager = celery.conf.task_eager_propagates = True
    yield
    celery.conf.task_always_eager = celery.conf.task_eager_propagates = False


def audit_log(action: str) -> list[AuditEntry]:
    """The entries with this action, oldest first, of every organization."""
    with every_organization():
        return list(AuditEntry.objects.filter(action=action).order_by("id"))
