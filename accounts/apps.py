from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")
    default = True

    def ready(self) -> None:
        """Whoever queues a task needs the application with our broker, the web server first of all."""
        import config.celery  # noqa: F401
