"""Which browser, and how it is started."""

from __future__ import annotations

import shutil
from typing import Final

from playwright.sync_api import ViewportSize

# Debian's Chromium, best without a window: with one it draws tabs and buttons for nobody, a third of a test's time.
PROGRAM: Final = shutil.which("chromium-headless-shell") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK: Final[ViewportSize] = {"width": 1280, "height": 800}
PHONE: Final[ViewportSize] = {"width": 360, "height": 740}
