from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.utils.translation import gettext_lazy as _


class ChatConfig(AppConfig):
    name = "chat"
    verbose_name = _("Chat")
    default = True

    def ready(self) -> None:
        from accounts import audit_text
        from chat.actions import clients, members
        from chat.attention import registration
        from chat.delivery.followers.collector import FollowerCollector
        from chat.models import Report
        from chat.queries.conversations import names_of
        from config.health import share

        members.connect()
        clients.connect()
        registration.connect()
        share(FollowerCollector())
        audit_text.register(
            names={"conversation": names_of},
            choices={
                "outcome": dict(Report.Outcome.choices),
                "reason": dict(Report.Reason.choices),
                "state": dict(Report.State.choices),
            },
        )


class DeskConfig(SimpleAdminConfig):
    """Django's admin with the site of chat/admin and its pages only: the admin modules of other apps are not loaded."""

    default = False
    default_site = "chat.admin.site.DeskSite"

    def ready(self) -> None:
        super().ready()
        import chat.admin.registered  # noqa: F401
