"""The Celery application: `celery -A config worker`, `celery -A config beat`."""

from __future__ import annotations

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("parley")
app.set_default()  # for every thread: requests run in those of a pool, where Celery else makes up an application
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue(app.conf.task_default_queue), Queue("parley.followers")]  # a worker serves all of them
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def use_our_logging(**_kwargs: Any) -> None:
    """Log the way the rest does, instead of Celery's own format."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
