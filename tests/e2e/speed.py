"""How fast the page is, measured in the browser, while Parley runs with its demo data and PARLEY_HOME names its folder:
`python -m tests.e2e.speed [minutes] [address]`. Prints figures and asserts none: they depend on the machine.

Opening: from the press on a conversation of 10,000 messages to the frame in which its last one stands, after a fresh
sign-in each time. News: 100 messages a second into the conversation on the screen; how long the longest tasks took, and
how much memory the page holds after a collection of garbage.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from typing import Any, Final
from uuid import uuid4

import django
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.chromium import ARGUMENTS, DESK, PROGRAM

MESSAGES: Final = 10_000
OPENINGS: Final = 5
PER_SECOND: Final = 100
LOOKS: Final = 6  # at the memory, over the whole time
WORDS: Final = "The export of last night is through, and the figures are where they belong. "

OPEN: Final = """
async ([name, seq]) => {
  const rows = [...document.querySelectorAll("#sidebar a")];
  const row = rows.find((one) => one.textContent.includes(name));
  const start = performance.now();
  row.click();
  while (!document.querySelector(`#messages .message[data-seq="${seq}"]`)) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}
"""
WATCH: Final = """
() => {
  window.longTasks = [];
  const keep = (list) => window.longTasks.push(...list.getEntries().map((one) => one.duration));
  new PerformanceObserver(keep).observe({ type: "longtask" });
}
"""


def main(minutes: float, address: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright runs an event loop in this thread
    django.setup()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        measure_openings(browser, address)
        measure_news(browser, address, minutes)
        browser.close()


def measure_openings(browser: Browser, address: str) -> None:
    name = make_channel(MESSAGES)
    taken = []
    for _ in range(OPENINGS):
        page = sign_in(browser, address)
        taken.append(float(page.evaluate(OPEN, [name, MESSAGES])))
        page.context.close()
    each = ", ".join(f"{one:.0f}" for one in sorted(taken))
    say(f"a conversation of {MESSAGES} messages opens in {statistics.median(taken):.0f} ms ({each})")


def measure_news(browser: Browser, address: str, minutes: float) -> None:
    name = make_channel(1)
    page = sign_in(browser, address)
    page.evaluate(OPEN, [name, 1])
    page.evaluate(WATCH)
    devtools = page.context.new_cdp_session(page)
    stop = threading.Event()
    sent = [0]
    writer = threading.Thread(target=write, args=(name, stop, sent))
    writer.start()
    start = time.monotonic()
    for look in range(1, LOOKS + 1):
        while time.monotonic() < start + 60 * minutes * look / LOOKS:
            page.wait_for_timeout(200)
        devtools.send("HeapProfiler.collectGarbage")
        heap = devtools.send("Runtime.getHeapUsage")["usedSize"] / 2**20
        nodes = page.locator("#messages .message").count()
        say(f"{time.monotonic() - start:5.0f} s: {sent[0]} sent, {heap:.1f} MB held, {nodes} messages in the document")
    stop.set()
    writer.join()
    tasks = [float(one) for one in page.evaluate("window.longTasks")]
    worst = max(tasks, default=0.0)
    say(f"{sent[0] / (60 * minutes):.0f} messages a second: {len(tasks)} tasks over 50 ms, the longest {worst:.0f} ms")
    page.context.close()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def sign_in(browser: Browser, address: str) -> Page:
    page = browser.new_context(base_url=address, viewport=DESK).new_page()
    page.goto("/accounts/login/?next=/o/acme/")
    page.locator("input[type=email]").fill("owner@acme.example")
    page.get_by_label("Password", exact=True).fill("parley-demo")
    page.get_by_label("Password", exact=True).press("Enter")
    page.locator("#messages .message").first.wait_for()
    page.wait_for_load_state("networkidle")
    return page


def make_channel(count: int) -> str:
    """A channel of the demo's first two members with `count` messages that both have read; its name."""
    from accounts.tenancy import organization_scope
    from chat.models import Conversation, Message, Participant

    owner, member = people()
    name = f"speed-{uuid4().hex[:6]}"
    with organization_scope(owner.organization):
        place: dict[str, Any] = {"organization": owner.organization}
        channel = Conversation.objects.create(**place, kind="public", name=name, last_seq=count)
        for one in (owner, member):
            Participant.objects.create(**place, conversation=channel, member=one, read_seq=count)
        Message.objects.bulk_create(
            Message(**place, conversation=channel, seq=seq, author=member, text=WORDS, html=f"<p>{WORDS}</p>")
            for seq in range(1, count + 1)
        )
    return name


def people() -> list[Any]:
    from accounts.models import Member
    from accounts.tenancy import every_organization

    with every_organization():
        members = Member.objects.filter(user__email__in=("owner@acme.example", "member@acme.example"))
        return sorted(members.select_related("organization"), key=lambda one: one.user.email, reverse=True)


def write(name: str, stop: threading.Event, sent: list[int]) -> None:
    """Post at an even pace, through the same action as everybody."""
    from django.conf import settings

    from accounts.tenancy import organization_scope
    from chat.actions.messages import send_message
    from chat.models import Conversation

    settings.MESSAGE_RATE = 10**9
    _, member = people()
    with organization_scope(member.organization):
        channel = Conversation.objects.get(name=name).pk
        start = time.monotonic()
        while not stop.is_set():
            send_message(member, channel, text=f"{WORDS}{sent[0]}", ref=uuid4())
            sent[0] += 1
            time.sleep(max(0.0, start + sent[0] / PER_SECOND - time.monotonic()))


if __name__ == "__main__":
    main(
        float(sys.argv[1]) if len(sys.argv) > 1 else 2.0, sys.argv[2] if len(sys.argv) > 2 else "http://localhost:8000"
    )
