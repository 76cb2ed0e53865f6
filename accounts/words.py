"""What the desk calls models and their fields.

Django makes these names out of the code, which is in English alone. They are given here and not by `verbose_name`, so
that a word for readers is no migration, and what several models have in common is said once.
"""

from __future__ import annotations

from typing import Final

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

MODELS: Final = {
    "apitoken": (_("API token"), _("API tokens")),
    "auditentry": (_("audit entry"), _("audit entries")),
    "client": (_("client"), _("clients")),
    "conversation": (_("conversation"), _("conversations")),
    "invitation": (_("invitation"), _("invitations")),
    "member": (_("member"), _("members")),
    "message": (_("message"), _("messages")),
    "node": (_("node"), _("nodes")),
    "organization": (_("organization"), _("organizations")),
    "report": (_("report"), _("reports")),
    "sanction": (_("sanction"), _("sanctions")),
    "user": (_("user"), _("users")),
}
FIELDS: Final = {
    "acknowledged_at": _("read at"),
    "accepted_at": _("accepted at"),
    "accepted_by": _("accepted by"),
    "action": _("action"),
    "address": _("address"),
    "announcement_only": _("announcement only"),
    "archived_at": _("archived at"),
    "assignee": _("assignee"),
    "at": _("at"),
    "author": _("author"),
    "browser": _("browser"),
    "by": _("by"),
    "characters": _("characters"),
    "connected_at": _("connected at"),
    "conversation": _("conversation"),
    "created_at": _("created at"),
    "created_by": _("created by"),
    "date_joined": _("date joined"),
    "deactivated_at": _("deactivated at"),
    "deleted_at": _("deleted at"),
    "edited_at": _("edited at"),
    "description": _("description"),
    "edit_window": _("edit window"),
    "email": _("email"),
    "expires_at": _("expires at"),
    "format": _("format"),
    "handle": _("handle"),
    "hidden_at": _("hidden at"),
    "invited_by": _("invited by"),
    "is_active": _("is active"),
    "is_staff": _("is staff"),
    "joined_at": _("joined at"),
    "kind": _("kind"),
    "label": _("label"),
    "last_seen_at": _("last seen at"),
    "last_seq": _("last seq"),
    "last_used_at": _("last used at"),
    "lease_until": _("lease until"),
    "lift_reason": _("lift reason"),
    "lifted_at": _("lifted at"),
    "lifted_by": _("lifted by"),
    "locked_at": _("locked at"),
    "member": _("member"),
    "mailed_at": _("mailed at"),
    "mute_reason": _("reason of the mute"),
    "muted_until": _("muted until"),
    "name": _("name"),
    "organization": _("organization"),
    "organization_id": _("organization id"),
    "outcome": _("outcome"),
    "overflowed_at": _("overflowed at"),
    "platform": _("platform"),
    "public_id": _("public id"),
    "purged_at": _("purged at"),
    "reason": _("reason"),
    "request_id": _("request id"),
    "retention_days": _("retention days"),
    "revoked_at": _("revoked at"),
    "role": _("role"),
    "sessions": _("sessions"),
    "slow_mode": _("slow mode"),
    "slug": _("slug"),
    "started_at": _("started at"),
    "state": _("state"),
    "suspension_reason": _("reason of the suspension"),
    "suspended_until": _("suspended until"),
    "title": _("title"),
    "tokens": _("tokens"),
    "topic": _("topic"),
    "until": _("until"),
    "user": _("user"),
    "user_agent": _("user agent"),
    "user_id": _("user id"),
    "version": _("version"),
}


def put_into_words(model: type[Model]) -> None:
    """Let the model and its fields be called so, in the language of whoever reads."""
    meta = model._meta
    meta.verbose_name, meta.verbose_name_plural = MODELS[str(meta.model_name)]
    for field in meta.fields:
        field.verbose_name = FIELDS.get(field.name, field.verbose_name)
