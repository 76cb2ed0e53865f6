from __future__ import annotations

from typing import Any, cast

from channels.routing import URLRouter
from django.urls import path, re_path

from chat.realtime.consumer import SocketConsumer


async def nowhere(scope: Any, receive: Any, send: Any) -> None:
    """Refuse a socket at an unknown address before it is accepted. Servers answer this with 403."""
    await receive()
    await send({"type": "websocket.close"})


websocket = URLRouter([path("o/<slug:slug>/ws/v1/", SocketConsumer.as_asgi()), re_path(r"", cast(Any, nowhere))])
