from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"

    def ready(self) -> None:
        from chat.actions import clients, members

        members.connect()
        clients.connect()
