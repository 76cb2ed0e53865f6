"""Headers that a client can set freely are read in one module."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path for folder in ("accounts", "chat", "config") for path in (ROOT / folder).rglob("*.py") if path.is_file()
]
FORGEABLE = re.compile(
    r"REMOTE_ADDR|REMOTE_HOST|HTTP_HOST|SERVER_NAME|X[-_]FORWARDED|X-REAL-IP|HTTP_X_REAL|CF-CONNECTING|[\"']FORWARDED[\"']"
    r"|get_host\(|get_client_ip|ipware|scope\[[\"']client[\"']\]|get_current_site",
    re.IGNORECASE,
)
# Each reads a header that strangers write, and says why that does no harm.
ALLOWED = {
    "accounts/network.py": "the one place",
    "accounts/sign_in/adapters.py": "names allauth's hook, whose answer is ours",
    "accounts/problems.py": "compares the Referer with the host: leads back to a path, never to a host",
    "config/health.py": "refuses requests that came through a proxy",
    "config/request_log.py": "replaces the judgement of django-structlog",
    "config/settings.py": "SECURE_PROXY_SSL_HEADER, which counts behind a proxy of ours only",
}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_else_reads_what_strangers_write(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    found = FORGEABLE.findall(_code(path))
    assert not found or name in ALLOWED, f"{name} reads {found}: use accounts.network"


def test_no_link_is_built_from_the_host() -> None:
    """`build_absolute_uri` is safe since BaseUrlMiddleware; code without a request uses absolute_url."""
    middleware = (ROOT / "config" / "settings.py").read_text()
    names = re.findall(r'^    "([\w.]+)",', middleware[middleware.index("MIDDLEWARE") :], re.MULTILINE)
    assert names.index("accounts.network.BaseUrlMiddleware") < names.index("django.middleware.common.CommonMiddleware")


def _code(path: Path) -> str:
    """Without comments and docstrings, which may name a header."""
    text = re.sub(r'""".*?"""', "", path.read_text(), flags=re.DOTALL)
    return re.sub(r"#.*", "", text)
