"""How fast the page is, measured in the browser, while Parley runs with its demo data and PARLEY_HOME names its folder:
`python -m tests.e2e.speed [minutes] [address] [part …]`. Prints figures and asserts none: they depend on the machine.
Parts, all of them if none is named:

opening  From the press on a conversation of 10,000 messages to the frame in which its last one stands, after a fresh
         sign-in each time.
news     100 messages a second into the conversation on the screen, for `minutes`. Tasks are read from Chrome's own
         trace, so that nothing is run in the page to see them, and tracing pauses while memory is looked at: what a
         forced collection takes is no task of the page. Each task over 50 ms is told with its time on the wall, its CPU
         time and what took most of it. Only on a quiet machine is the wall the page's: where others wait for the cores,
         tasks of no CPU at all take 100 ms. Memory is what the page holds after a collection of garbage, each minute;
         how fast it rises is the slope over all but the first fifth.
palette  In an organization of 2,000 channels and 2,000 people: for every key typed, the work of the main thread from
         the key to the end of the frame that shows what it found, and the longest task until the next key (the answer
         of the server is among them).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, NamedTuple
from uuid import uuid4

import django
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.e2e.chromium import ARGUMENTS, DESK, PROGRAM

MESSAGES: Final = 10_000
OPENINGS: Final = 5
PER_SECOND: Final = 100
WRITERS: Final = 2  # one alone cannot keep that pace on a busy machine
LOOK: Final = 60.0  # seconds between two looks at the memory
PIECE: Final = 10.0  # seconds of a trace: longer ones are slow to read
LONG: Final = 50.0  # milliseconds; beyond it a task is felt
CHANNELS: Final = 2_000
PEOPLE: Final = 2_000
BETWEEN_KEYS: Final = 400  # milliseconds: the server is asked, and has answered, before the next one
TYPED: Final = ("release", "p 17", "#chan 2", "@mar", "qxz", "design review")
WORDS: Final = "The export of last night is through, and the figures are where they belong. "
FIRST: Final = ("Maria", "Mark", "Zoë", "Deniz", "Priya", "Tomás", "Release", "Åsa", "Chen")
LAST: Final = ("Marsh", "Ångström", "Okafor", "de Vries", "Silva", "Tanaka")
NOUNS: Final = ("release", "design-review", "support", "plans", "incident", "sales", "data")
TRACED: Final = ["toplevel", "devtools.timeline", "blink.user_timing", "v8", "disabled-by-default-v8.gc", "latencyInfo"]

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


class Task(NamedTuple):
    """A task of the page's main thread, in milliseconds; `parts` is what took most of it."""

    start: float
    wall: float
    cpu: float
    parts: str


class Key(NamedTuple):
    """What one key in the palette took, in milliseconds: the work until its frame, and the longest task after that."""

    typed: str
    wall: float
    cpu: float
    after: float


def main(minutes: float, address: str, parts: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright runs an event loop in this thread
    django.setup()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        if "opening" in parts:
            measure_openings(browser, address)
        if "news" in parts:
            measure_news(browser, address, minutes)
        if "palette" in parts:
            measure_palette(browser, address)
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
    devtools = page.context.new_cdp_session(page)
    writer = Writers(name)
    start = time.monotonic()
    tasks: list[Task] = []
    heaps: list[tuple[float, float]] = []
    seen = 0.0
    while (passed := time.monotonic() - start) < 60 * minutes:
        until = min(LOOK * (passed // LOOK + 1), 60 * minutes)
        while (rest := start + until - time.monotonic()) > 0:
            tasks += traced(browser, page, min(PIECE, rest))
            seen += min(PIECE, rest)
        heaps.append((until, look(page, devtools, until, writer.sent)))
    rate = writer.sent / (time.monotonic() - start)
    writer.stop()
    tell_tasks(tasks, rate, seen)
    if len(settled := heaps[len(heaps) // 5 :]) > 1:
        slope = statistics.linear_regression(*zip(*settled, strict=True)).slope
        say(f"memory rises by {3600 * slope:.1f} MB an hour")
    page.context.close()


def look(page: Page, devtools: CDPSession, at: float, sent: int) -> float:
    """Say what the page holds, and return its MB of JavaScript."""
    devtools.send("HeapProfiler.collectGarbage")
    heap = float(devtools.send("Runtime.getHeapUsage")["usedSize"]) / 2**20
    counted = devtools.send("Memory.getDOMCounters")
    shown = page.locator("#messages .message").count()
    held = f"{heap:.1f} MB held, {counted['nodes']} nodes, {counted['jsEventListeners']} listeners"
    say(f"{at:5.0f} s: {sent} sent, {held}, {shown} messages in the document")
    return heap


def tell_tasks(tasks: list[Task], rate: float, seconds: float) -> None:
    long = [one for one in tasks if one.wall > LONG]
    for one in long:
        say(f"  {one.wall:.0f} ms ({one.cpu:.0f} ms CPU): {one.parts}")
    worst = max((one.wall for one in tasks), default=0.0)
    cpu = max((one.cpu for one in tasks), default=0.0)
    busy = sum(one.cpu > LONG for one in tasks)
    say(f"{rate:.0f} messages a second: {len(long)} tasks over 50 ms, {busy} of them by CPU time")
    share = sum(one.cpu for one in tasks) / (1000 * seconds)
    say(f"the main thread was busy {100 * share:.0f} % of the time")
    say(f"of {len(tasks)} tasks the longest took {worst:.0f} ms; by CPU time {cpu:.0f} ms")


def measure_palette(browser: Browser, address: str) -> None:
    page = sign_in(browser, address, make_large())
    page.keyboard.press("Control+k")
    field = page.locator("#palette-input")
    field.wait_for()
    keys: list[Key] = []
    for words in TYPED:
        field.fill("")
        page.wait_for_timeout(BETWEEN_KEYS)
        keys += type_traced(browser, page, words)
    wall, cpu = (statistics.median(taken) for taken in zip(*((one.wall, one.cpu) for one in keys), strict=True))
    slowest = max(keys, key=lambda one: one.wall)
    most = max(keys, key=lambda one: one.cpu)
    after = max(one.after for one in keys)
    say(f"palette, {CHANNELS} channels, {PEOPLE} people, {len(keys)} keys: {wall:.1f} ms a key ({cpu:.1f} ms CPU);")
    say(f"the worst {slowest.wall:.1f} ms ({slowest.typed!r}), by CPU time {most.cpu:.1f} ms ({most.typed!r});")
    say(f"the longest task until the next key {after:.1f} ms")
    page.context.close()


def type_traced(browser: Browser, page: Page, words: str) -> list[Key]:
    """Type `words` with pauses."""
    browser.start_tracing(page=page, categories=TRACED)
    for key in words:
        page.keyboard.press(key if key != " " else "Space")
        page.wait_for_timeout(BETWEEN_KEYS)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    pressed = [one["ts"] / 1000 for one in events if is_event(one, "keydown")]
    frames = [(one["ts"] + one.get("dur", 0)) / 1000 for one in events if one["name"] == "Layerize"]
    tasks = list(tasks_of(events))
    found = []
    for index, (start, end) in enumerate(pairwise([*pressed, pressed[-1] + BETWEEN_KEYS])):
        shown = next((one for one in frames if one > start), end)
        until = [one for one in tasks if start - one.wall <= one.start < shown]
        wall, cpu = sum(one.wall for one in until), sum(one.cpu for one in until)
        after = max((one.wall for one in tasks if shown <= one.start < end), default=0.0)
        found.append(Key(words[: index + 1], wall, cpu, after))
    return found


# --- Chrome's trace ---------------------------------------------------------------------------------


def traced(browser: Browser, page: Page, seconds: float) -> Iterator[Task]:
    browser.start_tracing(page=page, categories=TRACED)
    page.wait_for_timeout(1000 * seconds)
    return tasks_of(json.loads(browser.stop_tracing())["traceEvents"])


def tasks_of(events: list[dict[str, Any]]) -> Iterator[Task]:
    """Everything that a page's main thread did, task by task."""
    named = [one for one in events if one["name"] == "thread_name" and one["args"]["name"] == "CrRendererMain"]
    for thread in {(one["pid"], one["tid"]) for one in named}:
        own = sorted(
            (one for one in events if (one["pid"], one["tid"]) == thread and one["ph"] == "X"),
            key=lambda one: (one["ts"], -one.get("dur", 0)),
        )
        for task, within in by_task(own):
            cpu = task.get("tdur", task.get("dur", 0)) / 1000
            wall = task.get("dur", 0) / 1000
            yield Task(task["ts"] / 1000, wall, cpu, parts_of(within) if wall > LONG else "")


def by_task(events: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The outermost events named RunTask, each with the ones in it; sorted by their start."""
    task: dict[str, Any] | None = None
    within: list[dict[str, Any]] = []
    for one in events:
        if task and one["ts"] < task["ts"] + task.get("dur", 0):
            within.append(one)
        elif one["name"].endswith("RunTask"):
            if task:
                yield task, within
            task, within = one, []
    if task:
        yield task, within


def parts_of(events: list[dict[str, Any]]) -> str:
    """What took most of a task, by the time that was not spent in something within it."""
    own: Counter[str] = Counter()
    open_: list[dict[str, Any]] = []
    for one in events:
        while open_ and one["ts"] >= open_[-1]["ts"] + open_[-1].get("dur", 0):
            open_.pop()
        if open_:
            own[label(open_[-1])] -= one.get("dur", 0)
        own[label(one)] += one.get("dur", 0)
        open_.append(one)
    return ", ".join(f"{name} {taken / 1000:.0f}" for name, taken in own.most_common(6) if taken > 1000)


def label(event: dict[str, Any]) -> str:
    data = event.get("args", {}).get("data") or {}
    return " ".join(filter(None, (event["name"], data.get("type") or data.get("functionName"))))


def is_event(event: dict[str, Any], kind: str) -> bool:
    return bool(event["name"] == "EventDispatch" and event["args"].get("data", {}).get("type") == kind)


# --- The page and what it shows ---------------------------------------------------------------------


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def sign_in(browser: Browser, address: str, slug: str = "acme") -> Page:
    page = browser.new_context(base_url=address, viewport=DESK).new_page()
    page.goto(f"/accounts/login/?next=/o/{slug}/")
    page.locator("input[type=email]").fill("owner@acme.example")
    page.get_by_label("Password", exact=True).fill("parley-demo")
    page.get_by_label("Password", exact=True).press("Enter")
    page.locator("#sidebar-body a.side-row").first.wait_for()
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
            Participant.objects.create(**place, conversation=channel, member=one, read_seq=count, read=[[0, count]])
        Message.objects.bulk_create(
            Message(**place, conversation=channel, seq=seq, author=member, text=WORDS, html=f"<p>{WORDS}</p>")
            for seq in range(1, count + 1)
        )
    return name


def make_large() -> str:
    """An organization of the demo's owner with many channels, in each of which another one has written; its slug."""
    from accounts.actions.organizations import create_organization
    from accounts.models import Member, Organization, User
    from accounts.tenancy import organization_scope
    from chat.models import Conversation, Message, Participant

    slug = f"speed-{uuid4().hex[:6]}"
    owner = create_organization(User.objects.get(email="owner@acme.example"), name=slug, slug=slug)
    organization: Organization = owner.organization
    with organization_scope(organization):
        place: dict[str, Any] = {"organization": organization}
        users = User.objects.bulk_create(User(email=f"{slug}-{number}@example.test") for number in range(PEOPLE))
        members = Member.objects.bulk_create(
            Member(**place, user=user, handle=f"{first.lower()}.{number}", name=f"{first} {last} {number}")
            for number, user in enumerate(users)
            for first, last in [(FIRST[number % len(FIRST)], LAST[number // 7 % len(LAST)])]
        )
        channels = Conversation.objects.bulk_create(
            Conversation(**place, kind="public", name=f"{NOUNS[number % len(NOUNS)]}-channel-{number}", last_seq=1)
            for number in range(CHANNELS)
        )
        Participant.objects.bulk_create(
            Participant(**place, conversation=channel, member=member, read_seq=1, read=[[0, 1]])
            for channel, author in zip(channels, members, strict=True)
            for member in (owner, author)
        )
        Message.objects.bulk_create(
            Message(**place, conversation=channel, seq=1, author=author, text=WORDS, html=f"<p>{WORDS}</p>")
            for channel, author in zip(channels, members, strict=True)
        )
    return slug


def people() -> list[Any]:
    from accounts.models import Member
    from accounts.tenancy import every_organization

    with every_organization():
        emails = ("owner@acme.example", "member@acme.example")
        members = Member.objects.filter(user__email__in=emails, organization__slug="acme")
        return sorted(members.select_related("organization"), key=lambda one: one.user.email, reverse=True)


class Writers:
    """They post at an even pace, through the same action as everybody; in processes of their own: none waits for us."""

    def __init__(self, name: str) -> None:
        processes = multiprocessing.get_context("spawn")
        self._sent = processes.Value("q", 0)
        self._end = processes.Event()
        self._processes = [processes.Process(target=write, args=(name, self._end, self._sent)) for _ in range(WRITERS)]
        for one in self._processes:
            one.start()
        while not self.sent:
            time.sleep(0.01)

    @property
    def sent(self) -> int:
        return int(self._sent.value)

    def stop(self) -> None:
        self._end.set()
        for one in self._processes:
            one.join()


def write(name: str, end: Any, sent: Any) -> None:
    django.setup()
    from django.conf import settings

    from accounts.tenancy import organization_scope
    from chat.actions.messages import send_message
    from chat.models import Conversation

    settings.MESSAGE_RATE = 10**9
    _, member = people()
    with organization_scope(member.organization):
        channel = Conversation.objects.get(name=name).pk
        start, own = time.monotonic(), 0
        while not end.is_set():
            send_message(member, channel, text=f"{WORDS}{own}", ref=uuid4())
            with sent.get_lock():
                sent.value += 1
            own += 1
            time.sleep(max(0.0, start + own * WRITERS / PER_SECOND - time.monotonic()))


if __name__ == "__main__":
    main(
        float(sys.argv[1]) if len(sys.argv) > 1 else 2.0,
        sys.argv[2] if len(sys.argv) > 2 else "http://localhost:8000",
        sys.argv[3:] or ["opening", "news", "palette"],
    )
