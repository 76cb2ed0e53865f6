"""The ASGI application: one entry for every protocol."""

from __future__ import annotations

import os

import django
from channels.routing import ProtocolTypeRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django.setup(set_prefix=False)  # first: it loads the applications that the imports below need

from chat.realtime.lifespan import lifespan  # noqa: E402
from chat.realtime.routing import websocket  # noqa: E402
from config.server.handler import Handler  # noqa: E402

application = ProtocolTypeRouter({"http": Handler(), "websocket": websocket, "lifespan": lifespan})
