"""Every main view, light and dark, on a desk and on a phone: `make screenshots`, while Parley runs with its demo data.

To be looked at by people. The font is what the system calls its own; FONT= names another.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.chromium import ARGUMENTS, DESK, PHONE, PROGRAM

FOLDER: Final = Path(__file__).parent / "screenshots"
SETTLE: Final = 400  # milliseconds for pictures to stop moving; nothing is asserted here
Step = Callable[[Page], None]


def open_channel(page: Page) -> None:
    page.get_by_role("navigation", name="Conversations").get_by_role("link", name="general").click()
    page.locator("#messages .message").first.wait_for()


def press(name: str) -> Step:
    return lambda page: page.get_by_role("button", name=name).locator("visible=true").first.click()


def open_thread(page: Page) -> None:
    open_channel(page)
    page.locator(".message-replies").locator("visible=true").first.click()
    page.locator("#thread .count-divider").wait_for()


def search(page: Page) -> None:
    field = page.locator("#sidebar-search input")
    field.fill("export")
    field.press("Enter")
    page.locator(".result").first.wait_for()


def name_somebody(page: Page) -> None:
    press("Start a direct message")(page)
    page.get_by_role("combobox", name="To").fill("m")


def open_settings(page: Page) -> None:
    open_channel(page)
    press("Channel settings")(page)


def choose_reaction(page: Page) -> None:
    open_channel(page)
    page.locator("#messages .message").last.focus()
    page.keyboard.press("r")


def visit(view: str) -> Step:
    return lambda page: page.locator(f"#side-views [data-view={view}]").click()


def open_profile(page: Page) -> None:
    visit("people")(page)
    page.get_by_role("main").get_by_role("button", name="Mei Tanaka").click()


def choose_author(page: Page) -> None:
    search(page)
    page.get_by_role("button", name="From", exact=True).click()


def jump(page: Page) -> None:
    page.get_by_role("button", name="Jump to").click()
    page.get_by_role("combobox", name="Jump to").fill("ma")


def of_mine(entry: str) -> Step:
    def step(page: Page) -> None:
        page.locator("#me-button").click()
        page.get_by_role("menuitem", name=entry).click()

    return step


VIEWS: Final[dict[str, Step]] = {
    "list": lambda page: None,
    "conversation": open_channel,
    "thread": open_thread,
    "search": search,
    "create-channel": press("Create a channel"),
    "browse-channels": press("Browse channels"),
    "start-direct": name_somebody,
    "settings": open_settings,
    "reaction": choose_reaction,
    "organizations": press("Acme"),
    "search-filter": choose_author,
    "mentions": visit("mentions"),
    "people": visit("people"),
    "profile": open_profile,
    "palette": jump,
    "shortcuts": of_mine("Keyboard shortcuts"),
    "preferences": of_mine("Preferences"),
    "devices": of_mine("Devices"),
}


PAGES: Final[dict[str, str]] = {
    "members": "/o/acme/manage/members",
    "channels": "/o/acme/manage/channels",
    "invitations": "/o/acme/manage/invitations",
    "organization": "/o/acme/manage/settings",
    "audit-log": "/o/acme/manage/audit",
    "desk": "/admin/",
    "desk-reports": "/admin/chat/report/",
    "desk-members": "/admin/accounts/member/",
    "desk-audit-log": "/admin/accounts/auditentry/",
}


def main(address: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        for phone in (False, True):
            for dark in (False, True):
                shoot(browser, address, phone=phone, dark=dark)
        browser.close()


def shoot(browser: Browser, address: str, *, phone: bool, dark: bool) -> None:
    context = browser.new_context(
        base_url=address,
        viewport=PHONE if phone else DESK,
        has_touch=phone,
        is_mobile=phone,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/accounts/login/")
    keep(page, "sign-in", phone=phone, dark=dark)
    page.locator("input[type=email]").fill("owner@acme.example")
    page.get_by_label("Password", exact=True).fill("parley-demo")
    page.get_by_label("Password", exact=True).press("Enter")
    page.wait_for_url("**/o/acme/**")
    for name, step in VIEWS.items():
        page.goto("/o/acme/")
        page.locator(".side-row[data-slot=link]").first.wait_for(state="attached")
        step(page)
        keep(page, name, phone=phone, dark=dark)
    for name, path in PAGES.items():
        page.goto(path)
        keep(page, name, phone=phone, dark=dark)
    context.close()


def keep(page: Page, name: str, *, phone: bool, dark: bool) -> None:
    if font := os.environ.get("FONT"):
        page.evaluate("font => document.documentElement.style.setProperty('--font', font)", font)
    page.wait_for_timeout(SETTLE)
    page.screenshot(path=FOLDER / f"{name}{'-phone' if phone else ''}-{'dark' if dark else 'light'}.png")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000")
