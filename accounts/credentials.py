"""The name of the session or token that authenticated a request or a socket. Processes exchange it.

When a credential ends, `accounts.signals.credential_ended` names it, and the nodes close the sockets that it opened.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from accounts.models import ApiToken


def credential_of(request: HttpRequest) -> str:
    """`token:<id>`, `session:<sha256 of the session key>`, or "" for somebody who is not signed in."""
    token: ApiToken | None = getattr(request, "api_token", None)
    if token is not None:
        return token_credential(token)
    return session_credential(request.session.session_key) if request.session.session_key else ""


def token_credential(token: ApiToken) -> str:
    return f"token:{token.pk}"


def session_credential(session_key: str) -> str:
    """Hashed: a session key is a secret."""
    return "session:" + hash_secret(session_key)


def hash_secret(secret: str) -> str:
    """SHA-256 in hexadecimal. No salt and no stretching: the secrets are 256 random bits, which nobody can try."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
