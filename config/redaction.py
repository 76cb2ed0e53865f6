"""What must never reach a log: the secrets that addresses carry.

Every handler of ours passes its finished lines through `hide_secrets` (config/logs.py), so it does not matter who wrote
a line: our code, Django, uvicorn, a traceback. A new address with a secret in its path must be added to SECRET_PATHS;
tests/config/test_redaction.py walks the URL configuration and fails when one is missing.
"""

from __future__ import annotations

import re
from typing import Final

# Parameters of URL patterns whose value lets somebody in.
SECRET_PARAMETERS: Final = frozenset({"key", "secret", "token", "code", "signature", "password"})
# Addresses that go on with a secret.
SECRET_PATHS: Final = (
    "/join/",
    "/accounts/confirm-email/",
    "/accounts/password/reset/key/",
)
HIDDEN: Final = "…"

_SLASH = r"(?:/|%2[Ff])"
_END = r"[^\s\"'<>?#&\\]*"  # the rest of the path: of a line of text, of JSON, of a query
_PATHS = "|".join(re.escape(path.strip("/")).replace("/", f"{_SLASH}+") for path in SECRET_PATHS)
_PATH = re.compile(rf"({_SLASH}(?:{_PATHS}){_SLASH}+)(?=[^\s\"'<>?#&\\]){_END}", re.IGNORECASE)
_QUERY = re.compile(
    r"((?:[?&]|%3[Ff]|%26|\\u0026)"
    r"(?:[\w-]*(?:token|secret|password|passwd|signature)|(?:api[_-]?)?key|code|otp|state|ticket|sig|"
    r"saml(?:request|response|art)|relaystate)(?:=|%3[Dd]))"
    r"(?!…|\\u2026)[^&\s\"'<>\\]*",  # not again what was hidden already
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(\bparley_)[A-Za-z0-9_-]{20,}")  # an API token, wherever it stands


def hide_secrets(text: str) -> str:
    """Return `text` with the secrets of its addresses blanked: path segments, query parameters, API tokens."""
    for pattern in (_PATH, _QUERY, _TOKEN):
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


def has_secret(address: str) -> bool:
    """Whether this path, with its query, carries a secret."""
    return hide_secrets(address) != address
