from django.apps import AppConfig
from django.contrib.admin import apps as admin


class AccountsConfig(AppConfig):
    name = "accounts"
    default = True


class DeskConfig(admin.AdminConfig):
    """Django's admin with our site as the default one: see accounts/site.py."""

    default = False
    default_site = "accounts.site.DeskSite"
