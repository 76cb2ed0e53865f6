"""Every main view, light and dark, on two desktops and a phone: `make screenshots`, while Parley runs with its demo.

To be looked at by people. A view that cannot be shown is named at the end, and the command fails. VIEWS= names those to
take, separated by commas.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Error, Page, ViewportSize, sync_playwright

from tests.e2e.chromium import ARGUMENTS, DESK, PHONE, PROGRAM

FOLDER: Final = Path(__file__).parent / "screenshots"
SETTLE: Final = 400  # milliseconds for pictures to stop moving; nothing is asserted here
PATIENCE: Final = 15_000  # milliseconds for what a step looks for
SIZES: Final[dict[str, ViewportSize]] = {"": DESK, "-wide": {"width": 1920, "height": 1080}, "-phone": PHONE}
Step = Callable[[Page], None]


def open_channel(page: Page) -> None:
    page.get_by_role("navigation", name="Conversations").get_by_role("link", name="general").click()
    page.locator("#messages .message").first.wait_for()


def press(name: str) -> Step:
    return lambda page: page.get_by_role("button", name=name).locator("visible=true").first.click()


def open_code(page: Page) -> None:
    page.get_by_role("navigation", name="Conversations").get_by_role("link", name="launch").click()
    page.locator("#messages .code").first.scroll_into_view_if_needed()


def open_thread(page: Page) -> None:
    open_channel(page)
    page.locator(".message-replies").locator("visible=true").first.click()
    page.locator("#thread .message").first.wait_for()


def search(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Jump to").fill("export")
    page.get_by_role("option", name="Search messages for").click()
    page.locator(".result").first.wait_for()


def add(entry: str) -> Step:
    def step(page: Page) -> None:
        page.locator("#add-button").click()
        page.get_by_role("menuitem", name=entry).click()

    return step


def name_somebody(page: Page) -> None:
    add("New message")(page)
    page.get_by_role("combobox", name="To").fill("m")


def open_panel(name: str) -> Step:
    """What stands beside the conversation; a phone has fewer buttons for it, the name leads there too."""

    def step(page: Page) -> None:
        open_channel(page)
        page.locator(f"#conversation-header [data-panel={name}]").locator("visible=true").first.click()
        page.locator("#panel-page").wait_for()

    return step


def settings(section: str) -> Step:
    def step(page: Page) -> None:
        page.goto(f"/o/acme/settings/{section}".rstrip("/"))

    return step


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
    page.locator("#palette-button").click()
    page.get_by_role("combobox", name="Jump to").fill("ma")


def of_mine(entry: str) -> Step:
    def step(page: Page) -> None:
        page.locator("#me-button").click()
        page.get_by_role("menuitem", name=entry).click()

    return step


VIEWS: Final[dict[str, Step]] = {
    "list": lambda page: None,
    "conversation": open_channel,
    "code": open_code,
    "thread": open_thread,
    "search": search,
    "create-channel": add("Create channel"),
    "browse-channels": add("Browse channels"),
    "start-direct": name_somebody,
    "about": open_panel("about"),
    "people-panel": open_panel("people"),
    "settings": open_panel("settings"),
    "reaction": choose_reaction,
    "organizations": press("Acme"),
    "search-filter": choose_author,
    "inbox": visit("inbox"),
    "threads": visit("threads"),
    "drafts": visit("drafts"),
    "people": visit("people"),
    "profile": open_profile,
    "palette": jump,
    "shortcuts": of_mine("Keyboard shortcuts"),
    "preferences": of_mine("Preferences"),
    "devices": of_mine("Devices"),
    "settings-profile": settings("profile"),
    "settings-members": settings("members"),
    "settings-index": settings(""),
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
    failed: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        for size in SIZES:
            for scheme in ("light", "dark"):
                failed += shoot(browser, address, size, scheme)
        browser.close()
    if failed:
        sys.exit("Not shown:\n" + "\n".join(failed))


def shoot(browser: Browser, address: str, size: str, scheme: Literal["light", "dark"]) -> list[str]:
    """Take all pictures of one size and scheme; return the names of the views that could not be shown."""
    phone = size == "-phone"
    context = browser.new_context(
        base_url=address,
        viewport=SIZES[size],
        has_touch=phone,
        is_mobile=phone,
        device_scale_factor=2 if phone else 1,
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    suffix = f"{size}-{scheme}"
    page.goto("/accounts/login/")
    keep(page, f"sign-in{suffix}")
    sign_in(page)
    failed = []
    for name, step in chosen().items():
        try:
            step(page)
        except Error as error:
            failed.append(f"{name}{suffix}: {error.message.splitlines()[0]}")
        keep(page, f"{name}{suffix}")
    context.close()
    return failed


def sign_in(page: Page) -> None:
    page.locator("input[type=email]").fill("owner@acme.example")
    page.get_by_label("Password", exact=True).fill("parley-demo")
    page.get_by_label("Password", exact=True).press("Enter")
    page.wait_for_url("**/o/acme/**")


def chosen() -> dict[str, Step]:
    every = {name: in_chat(step) for name, step in VIEWS.items()} | {name: at(path) for name, path in PAGES.items()}
    names = os.environ.get("VIEWS")
    return {name: every[name] for name in names.split(",")} if names else every


def in_chat(step: Step) -> Step:
    def whole(page: Page) -> None:
        page.goto("/o/acme/")
        page.locator(".side-row[data-slot=link]").first.wait_for(state="attached")
        step(page)

    return whole


def at(path: str) -> Step:
    def visit_page(page: Page) -> None:
        page.goto(path)

    return visit_page


def keep(page: Page, name: str) -> None:
    page.wait_for_timeout(SETTLE)
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000")
