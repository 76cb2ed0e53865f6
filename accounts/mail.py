"""Mail leaves after commit and through the worker, so that nobody waits for a mail server."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.template.loader import render_to_string

from accounts.tasks import deliver_mail


def send_later(*, to: str, subject: str, text: str) -> None:
    """Queue one plain-text mail once the transaction commits.

    Robust: what is committed stays committed when the queue cannot be reached; the failure is logged.
    """

    def queue() -> None:
        deliver_mail.delay(to=to, subject=" ".join(subject.split()), text=text)

    transaction.on_commit(queue, robust=True)


def send_template_later(template: str, *, to: str, context: dict[str, Any]) -> None:
    """Render `<template>_subject.txt` and `<template>_message.txt` now, and send them later."""
    subject = render_to_string(f"{template}_subject.txt", context)
    send_later(to=to, subject=subject, text=render_to_string(f"{template}_message.txt", context).strip() + "\n")
