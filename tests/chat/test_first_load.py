"""What a first visit to the page costs, in bytes as they are served."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from django.test import Client

from accounts.models import Member

MOST_SCRIPT = 60 * 1024  # bytes, gzipped: what a person waits for before the page does anything
MOST_STYLE = 20 * 1024


def test_scripts_and_styles_of_the_first_load_are_small(alice: Member, client_of: Callable[[Member], Client]) -> None:
    client = client_of(alice)
    page = client.get("/o/acme/").content.decode()
    page = re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL)  # what is in it is fetched once it is cloned
    scripts = {*re.findall(r'<link rel="modulepreload" href="([^"]+)"', page), *re.findall(r' src="([^"]+)"', page)}
    styles = set(re.findall(r'<link rel="stylesheet" href="([^"]+)"', page))
    assert any("/main." in script for script in scripts)
    assert any("/message." in style for style in styles)
    assert gzipped(client, scripts) <= MOST_SCRIPT
    assert gzipped(client, styles) <= MOST_STYLE


def gzipped(client: Client, addresses: Iterable[str]) -> int:
    """Bytes of all of them together, each as a browser gets it that takes gzip."""
    total = 0
    for address in addresses:
        answer = client.get(address, headers={"accept-encoding": "gzip"})
        assert answer.status_code == 200, address
        total += len(b"".join(answer.streaming_content) if answer.streaming else answer.content)  # type: ignore[attr-defined]
    return total
