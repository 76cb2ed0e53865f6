"""Browser profiles that are used again: with scripts in their cache, without anything of who was there."""

from __future__ import annotations

from typing import NamedTuple

from playwright.sync_api import Browser, BrowserContext

from tests.e2e.chromium import DESK, PHONE
from tests.e2e.waiting import LONGEST


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
        context = self._browser.new_context(
            base_url=address,
            viewport=PHONE if kind.phone else DESK,
            has_touch=kind.phone,
            is_mobile=kind.phone,
            color_scheme="dark" if kind.dark else "light",
            reduced_motion="reduce",  # drawing transitions is a quarter of a browser test's CPU time
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(1000 * LONGEST)
        return context

    def give_back(self, kind: Kind, context: BrowserContext, address: str) -> None:
        """Clean a profile: no page, cookie, stored item or intercepted request is left.

        An open page is emptied and used for that, because a new one is a process more.
        """
        context.set_offline(offline=False)
        page, *others = context.pages or [context.new_page()]
        for other in others:
            other.close()
        page.unroute_all()
        context.unroute_all()
        page.goto("about:blank")
        context.clear_cookies()
        storage = context.new_cdp_session(page)
        storage.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "all"})
        page.close()
        self._free.setdefault(kind, []).append(context)
