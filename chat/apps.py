from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChatConfig(AppConfig):
    name = "chat"
    verbose_name = _("Chat")

    def ready(self) -> None:
        from accounts import sentences
        from chat.actions import clients, members
        from chat.models import Report
        from chat.queries.conversations import names_of

        members.connect()
        clients.connect()
        sentences.tell(
            names={"conversation": names_of},
            choices={
                "outcome": dict(Report.Outcome.choices),
                "reason": dict(Report.Reason.choices),
                "state": dict(Report.State.choices),
            },
        )
