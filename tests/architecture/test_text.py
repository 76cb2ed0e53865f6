"""Every column of text is cleaned, or holds something that no person types."""

from __future__ import annotations

from typing import Final

from django.apps import apps
from django.db import models

from accounts.clean_text import LineField

CHECKED: Final = {  # by a pattern, a list, or code of ours
    "accounts.Organization.slug": "SLUG",
    "accounts.Member.handle": "HANDLE",
    "accounts.User.email": "EmailField",
    "accounts.Invitation.email": "EmailField",
    "chat.Reaction.emoji": "chat/emoji.py",
    "chat.Status.emoji": "chat/emoji.py",
}
MESSAGES: Final = {"chat.Message.text", "chat.Message.html", "chat.Revision.text"}  # clean_message
OURS: Final = {
    "accounts.User.password",
    "accounts.Member.directory",
    "accounts.Invitation.secret_hash",
    "accounts.ApiToken.secret_hash",
    "accounts.AuditEntry.action",
    "accounts.AuditEntry.target_type",
    "accounts.AuditEntry.target_id",
    "accounts.AuditEntry.request_id",
    "chat.Node.name",
    "chat.Client.credential",
    "chat.Event.type",
    *("chat.Follower.name", "chat.Follower.cluster", "chat.Follower.since", "chat.Follower.until"),
    *("chat.SetAsideEvent.type", "chat.SetAsideEvent.error"),
    "chat.Event.data",
}


def texts() -> dict[str, models.Field]:
    return {
        f"{model._meta.label}.{field.name}": field
        for app in ("accounts", "chat")
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.concrete_fields
        if isinstance(getattr(field, "output_field", field), models.CharField | models.TextField)
    }


def test_every_column_of_text_is_cleaned_or_said_to_need_it_not() -> None:
    typed = {
        name
        for name, field in texts().items()
        if not isinstance(field, LineField) and not field.choices and name != "chat.Message.wide_mention"
    }
    assert typed == CHECKED.keys() | MESSAGES | OURS
