"""A queued task reaches the worker from every process and thread."""

from __future__ import annotations

import subprocess
import sys

from django.conf import settings

# As the web server does: no one has imported the Celery application, and the request runs in a thread of a pool.
ASK = """
import threading
import django
django.setup()
from accounts.tasks import deliver_mail
asked = []
thread = threading.Thread(target=lambda: asked.append(deliver_mail.app.conf.broker_url))
thread.start()
thread.join()
print(asked[0])
"""


def test_a_task_is_queued_at_our_broker_from_any_thread() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", ASK], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert asked.stdout.strip() == settings.CELERY_BROKER_URL
