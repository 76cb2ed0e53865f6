from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")
    default = True

    def ready(self) -> None:
        """Whoever queues a task needs the application with our broker, the web server first of all."""
        import config.celery  # noqa: F401


class DeskConfig(admin.AdminConfig):
    """Django's admin with our site as the default one: see accounts/site.py."""

    default = False
    default_site = "accounts.site.DeskSite"
