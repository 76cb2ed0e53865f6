"""The ASGI application: one entry for every protocol."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

http = get_asgi_application()  # first: it loads the applications that the imports below need

from chat.realtime.lifespan import lifespan  # noqa: E402
from chat.realtime.routing import websocket  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": websocket, "lifespan": lifespan})
