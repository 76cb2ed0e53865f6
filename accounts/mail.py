"""Mail leaves after commit and through the worker, so that nobody waits for a mail server."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string

from accounts.tasks import deliver_mail

NAME_LENGTH: Final = 40  # characters of a name in a mail
LEADS_SOMEWHERE: Final = re.compile(r"\w[.。]\w{2,}|[:/\\@#]|www|http|\d(?:\W*\d){5,}|[!?]{2}", re.IGNORECASE)


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


def delivery(_request: HttpRequest) -> dict[str, bool]:
    """Context processor: `mail_server`, whether a mail leaves this machine."""
    return {"mail_server": settings.MAIL_SERVER}


def name_in_mail(name: str, otherwise: str) -> str:
    """A name that a person chose, as it may stand in a mail to a stranger; `otherwise` for one that may not.

    Anybody can found an organization and invite strangers. So that nobody advertises by its name, it stands in a mail
    only if it is short and holds nothing that leads anywhere or catches the eye: no address, domain or number to call,
    no symbol.
    """
    plain = " ".join(unicodedata.normalize("NFKC", name).split())
    kinds = {unicodedata.category(char) for char in plain}
    if len(plain) > NAME_LENGTH or LEADS_SOMEWHERE.search(plain) or any(kind[0] in "SC" for kind in kinds):
        return otherwise
    return plain or otherwise
