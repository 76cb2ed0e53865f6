from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")
    default = True

    def ready(self) -> None:
        """Load the Celery application: every process that queues a task needs its broker settings."""
        import config.celery  # noqa: F401
