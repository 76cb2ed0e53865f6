"""Browser profiles that are used again: with scripts in their cache, without anything of who was there."""

from __future__ import annotations

from typing import NamedTuple

from playwright.sync_api import Browser, BrowserContext

from tests.e2e.chromium import DESK, PHONE


class Kind(NamedTuple):
    """What a profile cannot change later."""

    phone: bool
    dark: bool


class Profiles:
    """Opening the page in a new profile costs two seconds of CPU, in one that knows its sixty files less than one."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[Kind, list[BrowserContext]] = {}

    def take(self, kind: Kind, address: str) -> BrowserContext:
        free = self._free.setdefault(kind, [])
        return free.pop() if free else self.make(kind, address)

    def make(self, kind: Kind, address: str) -> BrowserContext:
        """One that nobody will get after this."""
        return self._browser.new_context(
            base_url=address,
            viewport=PHONE if kind.phone else DESK,
            has_touch=kind.phone,
            is_mobile=kind.phone,
            color_scheme="dark" if kind.dark else "light",
            permissions=["clipboard-read", "clipboard-write"],
        )

    def give_back(self, kind: Kind, context: BrowserContext, address: str) -> None:
        """Cleaned: no page, cookie or stored thing is left, and no hand on the network."""
        context.set_offline(offline=False)
        for page in context.pages:
            page.close()
        context.unroute_all()
        context.clear_cookies()
        page = context.new_page()
        storage = context.new_cdp_session(page)
        storage.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "all"})
        page.close()
        self._free.setdefault(kind, []).append(context)
