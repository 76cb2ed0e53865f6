"""Translated names of the models and their fields on the admin site.

Django would make these names out of the code, which is in English only.
"""

from __future__ import annotations

from typing import Final

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from accounts.labels import FIELDS

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
    "setasideevent": (_("event set aside"), _("events set aside")),
    "user": (_("user"), _("users")),
}


def set_verbose_names(model: type[Model]) -> None:
    """Set translated verbose names on the model and its fields."""
    meta = model._meta
    meta.verbose_name, meta.verbose_name_plural = MODELS[str(meta.model_name)]
    for field in meta.fields:
        field.verbose_name = FIELDS.get(field.name, field.verbose_name)
