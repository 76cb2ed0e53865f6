"""The project as an application: its system checks, its template tags, its commands."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "config"
    label = "config"

    def ready(self) -> None:
        """Register the checks of the environment."""
        from config import checks  # noqa: F401  (importing registers)
