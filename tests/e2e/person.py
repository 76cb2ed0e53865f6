"""What a person does with the page and sees on it, in words of the product."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Locator, Page, Route, expect

from accounts.models import Member
from tests.cast import PASSWORD
from tests.e2e.waiting import wait_until


class Person:
    """One member in one browser. `problems` gathers what the browser complains about: scripts, policy, requests."""

    def __init__(self, page: Page, member: Member) -> None:
        self.page = page
        self.member = member
        self.problems: list[str] = []
        self.others: list[Person] = []
        self._expected: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))

    # Coming and going

    def arrive(self) -> None:
        """In the organization, signed in as somebody who was there before."""
        self.page.goto(f"/o/{self.member.organization.slug}/")
        self._assert_inside()

    def sign_in(self) -> None:
        self.page.goto(f"/accounts/login/?next=/o/{self.member.organization.slug}/")
        self.page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(self.member.user.email)
        password = self.page.get_by_label("Password", exact=True)
        password.fill(PASSWORD)
        password.press("Enter")
        self._assert_inside()

    def visit(self, path: str) -> int:
        """Go to an address; the status of the answer."""
        response = self.page.goto(path)
        assert response is not None
        return response.status

    def reload(self) -> None:
        self.page.reload()

    def open(self, conversation: str) -> None:
        self._row(conversation).click()
        self.assert_in(conversation)

    def go_home(self) -> None:
        self.page.get_by_role("link", name="Back to the conversations").locator("visible=true").click()

    # Conversations

    def create_channel(self, name: str, *, topic: str = "", private: bool = False) -> None:
        self.page.get_by_role("button", name="Create a channel").first.click()
        dialog = self.page.get_by_role("dialog", name="Create a channel")
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_label("Topic").fill(topic)
        if private:
            dialog.get_by_label("Private").check()
        dialog.get_by_role("button", name="Create").click()
        self.assert_in(name)

    def join_channel(self, name: str) -> None:
        self.page.get_by_role("button", name="Browse channels").locator("visible=true").first.click()
        self.page.get_by_role("button", name=f"Join #{name}").click()
        self.assert_in(name)

    def start_direct_message(self, *names: str) -> None:
        self.page.get_by_role("button", name="Start a direct message").first.click()
        dialog = self.page.get_by_role("dialog", name="New message")
        for name in names:
            dialog.get_by_role("combobox", name="To").fill(name)
            dialog.get_by_role("option", name=name).click()
        dialog.get_by_role("button", name="Start").click()

    def choose_for(self, conversation: str, action: str) -> None:
        """An entry of the menu that a conversation in the list has."""
        self._row(conversation).click(button="right")
        self.page.get_by_role("menu", name="Actions for").get_by_text(action, exact=True).click()

    # Getting around

    def press(self, *chords: str) -> None:
        for chord in chords:
            self.page.keyboard.press(chord)

    def jump_to(self, words: str) -> None:
        """By the palette: the first of what is found."""
        self.press("Control+k")
        palette = self.page.get_by_role("combobox", name="Jump to")
        palette.fill(words)
        expect(self.page.get_by_role("option").first).to_be_visible()
        palette.press("Enter")

    def see(self, view: str) -> None:
        """The mentions, or the people."""
        rows = self.page.get_by_role("navigation", name="Conversations")
        rows.get_by_role("link", name=re.compile(f"^{view}")).click()
        expect(self.page.get_by_role("heading", level=1, name=view)).to_be_visible()

    def assert_listed(self, section: str, *names: str) -> None:
        """What a section of the list holds, from top to bottom."""
        rows = self.page.get_by_role("region", name=section).locator(".side-name").locator("visible=true")
        expect(rows.filter(has_not_text=re.compile(r"^\s*(Browse|Show|Invite)"))).to_have_text(list(names))

    def open_own(self, entry: str) -> Locator:
        """A dialog of one's own menu."""
        navigation = self.page.get_by_role("navigation", name="Conversations")
        navigation.get_by_role("button", name=f"{self.member.name} @").click()
        self.page.get_by_role("menuitem", name=entry).click()
        return self.page.get_by_role("dialog", name=entry)

    # Messages

    def write(self, text: str) -> None:
        self._composer.fill(text)

    def send_message(self, text: str) -> None:
        self.write(text)
        self._composer.press("Enter")

    def type(self, text: str) -> None:
        """Key by key, where the focus is."""
        self.page.keyboard.type(text)

    def act_on(self, text: str, action: str) -> None:
        """An entry of the menu that a message has."""
        self._act(text, "More actions")
        self.page.get_by_role("menu", name="Message actions").get_by_role("menuitem", name=action).click()

    def reply_in_thread(self, to: str, text: str) -> None:
        self._act(to, "Reply in thread")
        panel = self.page.get_by_role("complementary", name="Thread")
        reply = panel.get_by_role("textbox", name="Reply")
        reply.fill(text)
        reply.press("Enter")
        expect(panel.get_by_role("listitem").filter(has_text=text)).to_be_visible()

    def edit_last_message(self, text: str) -> None:
        expect(self.page.locator("#messages .is-pending")).to_have_count(0)  # until then there is none to edit
        self._composer.press("ArrowUp")
        editor = self.page.get_by_role("textbox", name="Edit the message")
        editor.fill(text)
        editor.press("Enter")

    def react(self, to: str, emoji: str) -> None:
        self._act(to, "React")
        self.page.get_by_role("dialog", name="Choose an emoji").locator(f'[data-emoji="{emoji}"]').first.click()

    def delete(self, text: str) -> None:
        self._act(text, "More actions")
        self.page.get_by_role("menuitem", name="Delete").click()
        self.page.get_by_role("dialog", name="Delete this message?").get_by_role("button", name="Delete").click()

    def copy_link(self, text: str) -> str:
        """The path of a message's permalink, from the clipboard."""
        self._act(text, "More actions")
        self.page.get_by_role("menuitem", name="Copy link").click()
        expect(self.page.get_by_text("Link copied.")).to_be_visible()
        link = str(self.page.evaluate("navigator.clipboard.readText()"))
        return re.sub(r"^https?://[^/]+", "", link)

    def search(self, words: str) -> None:
        field = self.page.get_by_role("navigation").get_by_role("searchbox", name="Search messages")
        field.fill(words)
        field.press("Enter")

    # What is on the page

    def message(self, text: str) -> Locator:
        return self.page.locator("#messages .message").filter(has_text=text)

    def assert_in(self, conversation: str) -> None:
        expect(self.page.get_by_role("heading", level=1, name=conversation)).to_be_visible()

    def assert_sees(self, text: str, *, times: int = 1) -> None:
        expect(self.message(text)).to_have_count(times)

    def assert_sent(self, text: str) -> None:
        """It is there once and no longer on its way."""
        self.assert_sees(text)
        expect(self.message(text)).not_to_have_class(re.compile("is-pending"))

    def assert_waiting(self, text: str) -> None:
        expect(self.message(text)).to_have_class(re.compile("is-pending"))

    def assert_unread(self, conversation: str, count: int) -> None:
        expect(self._row(conversation).locator(".badge")).to_have_text(re.compile(rf"^\s*{count}\s"))

    def assert_read(self, conversation: str) -> None:
        expect(self._row(conversation).locator(".badge")).to_be_hidden()

    def assert_not_found(self) -> None:
        expect(self.page.get_by_role("heading", name="Page not found")).to_be_visible()

    def assert_live(self) -> None:
        """With an open socket and in step, and the page says nothing about it."""
        expect(self.page.locator("#connection")).to_have_attribute("data-status", "live")
        expect(self.page.locator("#connection")).to_be_hidden()

    def assert_fits(self) -> None:
        """Nothing is wider than the window, once everything stands still."""
        wait_until(self.page, STILL)
        width = self.page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        assert width <= 0, f"the page is {width} px wider than the window"

    def assert_accessible(self) -> None:
        """axe has nothing to say, once everything stands still."""
        wait_until(self.page, STILL)
        violations = Axe().run(self.page).response["violations"]
        found = [f"{one['id']}: {node['html'][:200]}" for one in violations for node in one["nodes"]]
        assert not found, "\n".join(found)

    @property
    def draft(self) -> str:
        return self.composer.input_value()

    @property
    def composer(self) -> Locator:
        return self._composer

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("complementary", name="Thread")

    # A bad network

    @contextmanager
    def without_network_for_messages(self) -> Iterator[None]:
        """What is sent meanwhile does not arrive; everything else does."""

        def refuse(route: Route) -> None:
            if route.request.method == "POST":
                route.abort("connectionfailed")
            else:
                route.fallback()

        self._expected.append("net::ERR_CONNECTION_FAILED")
        self.page.route("**/messages", refuse)
        yield
        self.page.unroute("**/messages", refuse)

    @contextmanager
    def offline(self) -> Iterator[None]:
        self._expected.append("net::ERR_INTERNET_DISCONNECTED")
        self.page.context.set_offline(True)
        yield
        self.page.context.set_offline(False)

    @contextmanager
    def without_script(self, name: str) -> Iterator[None]:
        """A part of the page that cannot be fetched meanwhile."""
        self._expected.append("net::ERR_CONNECTION_FAILED")
        address = re.compile(rf"/js/ui/{name}\b")
        self.page.route(address, lambda route: route.abort("connectionfailed"))
        yield
        self.page.unroute(address)

    def late_script(self, name: str) -> AbstractContextManager[None]:
        """A part of the page that has not come until the block ends."""
        return self.late(rf"/js/ui/{name}\b")

    @contextmanager
    def late(self, pattern: str) -> Iterator[None]:
        """What is asked for at such an address is not answered until the block ends."""
        held: list[Route] = []
        over = False

        def hold(route: Route) -> None:
            if over:
                route.continue_()
            else:
                held.append(route)

        address = re.compile(pattern)
        self.page.route(address, hold)
        with self.page.expect_request(address):
            yield
        over = True
        with self.page.expect_event("requestfinished", lambda request: bool(address.search(request.url))):
            for route in held:
                route.continue_()
        self.page.unroute(address)

    def expect_broken_connections(self) -> None:
        """From now on the browser may complain that the server, or a socket to it, cannot be reached."""
        self._expected += ["net::ERR_", "WebSocket connection to"]

    def watch_for_emptiness(self) -> None:
        """From now on `assert_never_empty` says whether there was a frame without a single message on the page."""
        self.page.evaluate(WATCH)

    def assert_never_empty(self) -> None:
        fewest, frames = self.page.evaluate("[window.fewestMessages, window.watchedFrames]")
        assert frames > 0
        assert fewest > 0, "for a moment there was no message on the page"

    def duplicate_tab(self) -> Person:
        """As the browser's own command does: a window of its own, with a copy of what the tab keeps."""
        # Neither window.open nor a link with an opener: Playwright halts the new window until it has attached, which
        # halts its opener with it, and a listener called just then fails as "no longer runnable".
        kept = json.dumps(self.page.evaluate("({ ...sessionStorage })"))
        page = self.page.context.new_page()
        page.add_init_script(f"if (!sessionStorage.length) Object.assign(sessionStorage, {kept})")
        person = Person(page, self.member)
        self.others.append(person)
        page.goto(self.page.url)
        return person

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """As a laptop that is closed: nothing of the page runs."""
        browser = self.page.context.new_cdp_session(self.page)
        browser.send("Page.setWebLifecycleState", {"state": "frozen"})
        yield
        browser.send("Page.setWebLifecycleState", {"state": "active"})
        browser.detach()

    def expect_refusals(self) -> None:
        """From now on answers of 4xx are what the test is about."""
        self._expected.append("the server responded with a status of 4")

    @property
    def _composer(self) -> Locator:
        return self.page.locator("#conversation").get_by_role("textbox", name=re.compile("^Message "))

    def _assert_inside(self) -> None:
        expect(self.page.get_by_role("button", name=self.member.name).first).to_be_visible()
        expect(self.page.locator("#shell")).not_to_have_attribute("data-view", "loading")  # scripts listen from here on

    def _row(self, conversation: str) -> Locator:
        name = re.compile(rf"^{re.escape(conversation)}\b")
        return self.page.get_by_role("navigation", name="Conversations").get_by_role("link", name=name)

    def _act(self, on: str, action: str) -> None:
        message = self.message(on).last
        message.hover()
        message.get_by_role("toolbar").get_by_role("button", name=action).click()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(text in message.text for text in self._expected):
            self.problems.append(f"console: {message.text} {message.location.get('url', '')}")


STILL = "() => document.getAnimations().every((one) => one.playState !== 'running')"

# The fewest messages on the page in any frame from now on, and how many frames were looked at.
WATCH = """
() => {
  window.fewestMessages = Infinity;
  window.watchedFrames = 0;
  const look = () => {
    window.fewestMessages = Math.min(window.fewestMessages, document.querySelectorAll("#messages .message").length);
    window.watchedFrames += 1;
    requestAnimationFrame(look);
  };
  look();
}
"""
