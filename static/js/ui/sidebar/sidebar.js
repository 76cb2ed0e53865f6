/** @import {App} from "../shell/app.js" */
/** @import {Changes} from "../../client/store/entities.js" */
/** @import {Entry} from "./entry.js" */

import { byId, clone, everyFrame, setText } from "../lib/dom.js";
import { fillAvatar } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { steady } from "../lib/steady.js";
import { observeDay } from "../shell/midnight.js";
import { entryOf, inOrderOf, positionKey } from "./entry.js";
import { countLabel, showRow, toggleCurrent } from "./row.js";

const RECENT = 20; // direct messages that are shown until the member asks for all of them
const RENDERED = 100; // milliseconds between two renderings of changes: nobody reads faster
const SECTIONS = ["unread", "favourites", "channels", "direct"];

/** The list of conversations. Unread ones are bold and counted, muted ones dimmed, and drafts marked. */
export class Sidebar {
  /** @type {Map<string, ReturnType<typeof clone>>} by conversation */
  #rows = new Map();
  /** @type {Map<string, Entry>} by conversation; only those that are listed */
  #entries = new Map();
  /** @type {Set<string>} conversations that have changed since the last rendering */
  #stale = new Set();
  #allStale = true;
  /** @type {Map<string, string[]>} by section: its conversations in order; emptied when one of them moves */
  #sorted = new Map();
  /** @type {string[]} as shown, from top to bottom */
  #order = [];
  /** @type {string | undefined} */
  #current;
  #allDirect = false;
  /** @type {{folded: string[], unread: boolean}} */
  #kept = { folded: [], unread: false };

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.key = `parley:sidebar:${app.config.member}`;
    this.#kept = { ...this.#kept, ...readJson(this.key) };
    this.later = everyFrame(
      steady(() => this.render()),
      RENDERED,
    );
    app.store.observe((changes) => this.#onChanges(changes));
    observeDay(() => this.#touch([...this.#entries.keys()])); // refreshTimes does not reach rows of folded sections, which are not in the document
    app.client.drafts.observe((target) => this.#touch([target]));
    app.client.edits.observe((_, conversation) => this.#touch([conversation]));
    app.client.signals.observe(() =>
      this.#touch([...this.#entries.values()].filter((one) => one.home !== "channels").map((one) => one.conversation.id)),
    );
    byId("sidebar-search").addEventListener("submit", (/** @type {SubmitEvent} */ event) => this.#search(event));
    byId("sidebar-body").addEventListener("click", (/** @type {MouseEvent} */ event) => this.#onClick(event));
    byId("sidebar-body").addEventListener("contextmenu", (/** @type {MouseEvent} */ event) => this.#onMenu(event));
    byId("sidebar-body").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#onKey(event));
    byId("unread-button").addEventListener("click", () => this.#keep({ unread: !this.#kept.unread }));
    byId("direct-more").addEventListener("click", () => this.#showAllDirect());
    fillAvatar(byId("me-button").querySelector("[data-slot=avatar]"), { id: app.store.me, name: app.config.name });
  }

  /** @param {string | undefined} conversation the one that is open */
  setCurrent(conversation) {
    this.#touch([this.#current ?? "", conversation ?? ""]);
    this.#current = conversation;
    this.render();
    this.#arrange();
    if (conversation) this.#rows.get(conversation)?.root.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} view the name of the route, whose row is marked */
  setView(view) {
    for (const row of byId("side-views").querySelectorAll("[data-view]")) toggleCurrent(row, row.getAttribute("data-view") === view);
  }

  /** @param {number} step @param {{unread?: boolean}} [options] @returns {string | undefined} the conversation `step` rows below the open one */
  neighbour(step, { unread = false } = {}) {
    const order = this.#order.filter((id) => id === this.#current || !unread || this.#entries.get(id)?.attention.loud);
    if (order.length === 0) return undefined;
    const index = order.indexOf(this.#current ?? "");
    if (index < 0) return step > 0 ? order[0] : order[order.length - 1];
    const found = order[(index + step + order.length) % order.length];
    return found === this.#current ? undefined : found;
  }

  /** @returns {string[]} ids of the conversations with unread messages */
  get unread() {
    return [...this.#entries.values()].filter((one) => one.attention.unread > 0).map((one) => one.conversation.id);
  }

  render() {
    const ids = this.#allStale ? new Set([...this.app.store.conversations.keys(), ...this.#entries.keys()]) : this.#stale;
    this.#stale = new Set();
    const moved = [...ids].map((id) => this.#refresh(id)).some(Boolean);
    if (moved || this.#allStale) {
      this.#sorted.clear();
      this.#arrange();
    }
    this.#allStale = false;
    const outcomes = this.app.store.outcomes.length; // outcomes of reports, which are listed with the mentions
    const mentions = [...this.#entries.values()].reduce((sum, entry) => sum + entry.attention.mentions, outcomes);
    byId("mentions-badge").hidden = mentions === 0;
    setText(byId("mentions-count"), countLabel(mentions));
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    if (changes.organization) this.#allStale = true;
    if (changes.reports.size) this.later();
    const named =
      changes.members.size === 0
        ? []
        : [...this.#entries.values()].filter(({ conversation }) => conversation.people.some((id) => changes.members.has(id)));
    const { attention } = this.app.store.entities;
    const concerning = [...changes.attention].map((id) => attention.get(id)?.conversation ?? "");
    this.#touch([...changes.conversations, ...changes.participants, ...changes.histories, ...concerning]);
    this.#touch(named.map((one) => one.conversation.id));
  }

  /** @param {string[]} ids */
  #touch(ids) {
    for (const id of ids) if (id) this.#stale.add(id);
    this.later();
  }

  /** @param {string} id @returns {boolean} whether its position in the list may have changed */
  #refresh(id) {
    const before = this.#entries.get(id);
    const entry = entryOf(this.app, id, { isOpen: id === this.#current, before });
    if (!entry) {
      this.#rows.delete(id);
      return this.#entries.delete(id);
    }
    this.#entries.set(id, entry);
    const row = this.#rows.get(id) ?? clone("side-row");
    this.#rows.set(id, row);
    showRow(this.app, row, entry, { isOpen: id === this.#current });
    return before === undefined || positionKey(before) !== positionKey(entry);
  }

  /** @param {Entry} entry @returns {boolean} false for an entry of a folded section, or one that the filter hides, unless it needs attention */
  #isShown({ section, conversation, attention: { loud } }) {
    if (loud || conversation.id === this.#current) return true;
    return !this.#kept.unread && !this.#kept.folded.includes(section);
  }

  #arrange() {
    this.#order = SECTIONS.flatMap((section) => this.#fillSection(section));
    const { unread } = this.#kept;
    byId("unread-button").setAttribute("aria-pressed", String(unread));
    byId("side-caught-up").hidden = !unread || this.#order.some((id) => this.#entries.get(id)?.attention.loud);
    byId("browse-row").hidden = unread || this.#kept.folded.includes("channels") || !this.app.config.rights.includes("browse");
  }

  /** @param {string} section @returns {string[]} */
  #fillSection(section) {
    const all = this.#sort(section);
    const shown = this.#cut(
      section,
      all.filter((entry) => this.#isShown(entry)),
    );
    const ids = shown.map((entry) => entry.conversation.id);
    const box = byId(`side-${section}-section`);
    const optional = section === "favourites" || section === "unread";
    box.hidden = (optional && all.length === 0) || (this.#kept.unread && ids.length === 0);
    box.querySelector("[data-fold]")?.setAttribute("aria-expanded", String(!this.#kept.folded.includes(section)));
    fillList(
      byId(`side-${section}-list`),
      ids.map((id) => this.#rows.get(id)?.root),
    );
    return ids;
  }

  /** @param {string} section @returns {Entry[]} */
  #sort(section) {
    const known = this.#sorted.get(section);
    if (known) return known.map((id) => this.#entries.get(id)).filter((entry) => entry !== undefined);
    const all = [...this.#entries.values()].filter((entry) => entry.section === section).sort(inOrderOf(section));
    this.#sorted.set(
      section,
      all.map((entry) => entry.conversation.id),
    );
    return all;
  }

  /** @param {string} section @param {Entry[]} entries */
  #cut(section, entries) {
    if (section !== "direct") return entries;
    const kept = entries.filter(
      (entry, index) => this.#allDirect || index < RECENT || entry.attention.loud || entry.draft || entry.conversation.id === this.#current,
    );
    const hidden = entries.length - kept.length;
    byId("direct-more").hidden = hidden === 0;
    setText(byId("direct-more-label"), interpolate(gettext("Show %(count)s more"), { count: hidden }));
    return kept;
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const target = /** @type {Element} */ (event.target);
    const fold = target.closest("[data-fold]")?.getAttribute("data-fold");
    const more = target.closest("[data-slot=more]");
    if (fold) this.#toggleFold(fold);
    if (more) this.#openMenu(more, more);
  }

  /** @param {MouseEvent} event */
  #onMenu(event) {
    const row = event.target instanceof Element ? event.target.closest("[data-conversation]") : null;
    if (!row) return;
    event.preventDefault();
    this.#openMenu(row, row.querySelector("a") ?? row);
  }

  /** @param {Element} within @param {Element} origin */
  #openMenu(within, origin) {
    const id = within.closest("[data-conversation]")?.getAttribute("data-conversation");
    if (id) void this.app.run("conversation-menu", { id, origin });
  }

  /** Move between rows with the arrow keys. @param {KeyboardEvent} event */
  #onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[plainKey(event)];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = [...byId("sidebar-body").querySelectorAll("a.side-row, button.side-row, [data-fold]")].filter((one) =>
      one.checkVisibility(),
    );
    const index = all.indexOf(document.activeElement);
    if (index < 0) return;
    event.preventDefault();
    all[(index + step + all.length) % all.length].focus();
  }

  /** @param {string} section */
  #toggleFold(section) {
    const { folded } = this.#kept;
    this.#keep({ folded: folded.includes(section) ? folded.filter((one) => one !== section) : [...folded, section] });
  }

  /** @param {Partial<{folded: string[], unread: boolean}>} changes */
  #keep(changes) {
    this.#kept = { ...this.#kept, ...changes };
    try {
      localStorage.setItem(this.key, JSON.stringify(this.#kept));
    } catch {
      // Storage is full or forbidden: the choice holds as long as the page is open.
    }
    this.#arrange();
  }

  #showAllDirect() {
    this.#allDirect = true;
    this.#arrange();
  }

  /** @param {SubmitEvent} event */
  #search(event) {
    event.preventDefault();
    const input = /** @type {HTMLFormElement} */ (event.target).elements.namedItem("q");
    if (input instanceof HTMLInputElement && input.value.trim()) {
      this.app.router.go(this.app.router.searchPath({ q: input.value.trim() }));
      input.value = "";
    }
  }
}

/** @param {HTMLElement} list @param {HTMLElement[]} roots */
function fillList(list, roots) {
  if (roots.length === list.children.length && roots.every((root, index) => list.children[index] === root)) return;
  const focused = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  list.replaceChildren(...roots);
  focused?.focus({ preventScroll: true });
}

/** @param {string} key */
function readJson(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}") ?? {};
  } catch {
    return {};
  }
}
