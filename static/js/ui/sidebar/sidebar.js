/** @import {App} from "../shell/app.js" */
/** @import {Changes} from "../../client/store/entities.js" */
/** @import {Entry} from "./entry.js" */

import { byId, clone, everyFrame, setText } from "../lib/dom.js";
import { fillAvatar } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { steady } from "../lib/steady.js";
import { observeDay } from "../shell/midnight.js";
import { entryOf, inOrderOf, positionKey, visibilityKey } from "./entry.js";
import { countLabel, showRow, toggleCurrent } from "./row.js";
import { fillList, showSections } from "./section-boxes.js";

const RECENT = 20; // direct messages that are shown until the member asks for all of them
const REST = 30_000; // milliseconds without a move after which the pointer no longer holds the rows: it was left there
const RENDERED = 100; // milliseconds between two renderings of changes: nobody reads faster

/**
 * The list of conversations. Unread ones are bold and counted, muted ones dimmed, and drafts marked.
 *
 * A row keeps its position while it is read, and no row moves while the pointer or the keyboard is in the list.
 */
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
  /** @type {Map<string, string[]>} by section: the conversations as shown, from top to bottom */
  #shown = new Map();
  /** @type {Set<string>} conversations that were shown because they were unread, and stay until the list is released */
  #staying = new Set();
  /** @type {string | undefined} */
  #current;
  #allDirect = false;
  #isPointedAt = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #restTimer;
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
    app.client.sections.observe(() => this.#onSections());
    app.client.signals.observe(() =>
      this.#touch([...this.#entries.values()].filter((one) => !one.isChannel).map((one) => one.conversation.id)),
    );
    /** @type {HTMLElement} */
    this.body = byId("sidebar-body");
    this.body.addEventListener("click", (event) => this.#onClick(event));
    this.body.addEventListener("contextmenu", (event) => this.#onMenu(event));
    this.body.addEventListener("keydown", (event) => this.#onKey(event));
    this.body.addEventListener("pointermove", () => this.#onPoint());
    this.body.addEventListener("pointerleave", () => this.#onLeave());
    document.addEventListener("keydown", ({ target }) => !this.body.contains(/** @type {Node} */ (target)) && this.#onLeave());
    this.body.addEventListener("focusout", () => queueMicrotask(() => this.#release()));
    byId("unread-button").addEventListener("click", () => this.#keep({ unread: !this.#kept.unread }));
    byId("direct-more").addEventListener("click", () => this.#showAllDirect());
    fillAvatar(byId("me-button").querySelector("[data-slot=avatar]"), { ...app.config, id: app.store.me });
  }

  /** @param {string | undefined} conversation the one that is open */
  setCurrent(conversation) {
    this.#touch([this.#current ?? "", conversation ?? ""]);
    this.#current = conversation;
    this.render();
    this.#release();
    this.#arrange();
    if (conversation) this.#rows.get(conversation)?.root.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} view the name of the route, whose row is marked */
  setView(view) {
    for (const row of byId("side-views").querySelectorAll("[data-view]")) toggleCurrent(row, row.getAttribute("data-view") === view);
  }

  /** @param {number} step @param {{unread?: boolean}} [options] @returns {string | undefined} the conversation `step` rows below the open one */
  neighbour(step, { unread = false } = {}) {
    const order = this.order.filter((id) => id === this.#current || !unread || this.#entries.get(id)?.attention.loud);
    if (order.length === 0) return undefined;
    const index = order.indexOf(this.#current ?? "");
    if (index < 0) return step > 0 ? order[0] : order[order.length - 1];
    const found = order[(index + step + order.length) % order.length];
    return found === this.#current ? undefined : found;
  }

  /** @returns {string[]} ids of the conversations as shown, from top to bottom */
  get order() {
    return [...this.#shown.values()].flat();
  }

  /** @returns {{root: HTMLElement, isMention: boolean}[]} the rows that stand out, from top to bottom */
  get loudRows() {
    return this.order.flatMap((id) => {
      const { attention } = this.#entries.get(id) ?? {};
      const row = this.#rows.get(id);
      return attention?.loud && row ? [{ root: row.root, isMention: attention.mentions > 0 }] : [];
    });
  }

  /** @returns {string[]} ids of the conversations with unread messages */
  get unread() {
    return [...this.#entries.values()].filter((one) => one.attention.unread > 0).map((one) => one.conversation.id);
  }

  render() {
    const ids = this.#allStale ? new Set([...this.app.store.conversations.keys(), ...this.#entries.keys()]) : this.#stale;
    this.#stale = new Set();
    const changes = [...ids].map((id) => this.#refresh(id));
    const moved = this.#allStale || changes.some((one) => one.moved);
    this.#allStale = false;
    if (moved) this.#sorted.clear();
    if (moved || changes.some((one) => one.appeared)) this.#arrange();
    const { outcomes, warnings } = this.app.store; // of moderation, which the inbox lists as well
    const decided = outcomes.length + warnings.length;
    const mentions = [...this.#entries.values()].reduce((sum, entry) => sum + entry.attention.mentions, decided);
    byId("inbox-badge").hidden = mentions === 0;
    setText(byId("inbox-count"), countLabel(mentions));
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    if (changes.organization) this.#allStale = true;
    if (changes.reports.size || changes.sanctions.size) this.later();
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

  /** @param {string} id @returns {{moved?: boolean, appeared?: boolean}} whether its position may have changed, or whether it is shown */
  #refresh(id) {
    const before = this.#entries.get(id);
    const entry = entryOf(this.app, id, { isOpen: id === this.#current });
    if (!entry) {
      this.#rows.delete(id);
      return { moved: this.#entries.delete(id) };
    }
    this.#entries.set(id, entry);
    const row = this.#rows.get(id) ?? clone("side-row");
    this.#rows.set(id, row);
    showRow(this.app, row, entry, { isOpen: id === this.#current });
    const moved = !before || positionKey(before) !== positionKey(entry);
    return { moved, appeared: !before || visibilityKey(before) !== visibilityKey(entry) };
  }

  /** Whether rows have to stay where they are. */
  get #isHeld() {
    return this.#isPointedAt || this.body.querySelector(":focus-visible") !== null;
  }

  #onPoint() {
    this.#isPointedAt = true;
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => this.#onLeave(), REST);
  }

  /** The member points elsewhere, has written elsewhere, or has rested. */
  #onLeave() {
    if (!this.#isPointedAt) return;
    this.#isPointedAt = false;
    this.#release();
  }

  /** Bring the list up to date if it was held. */
  #release() {
    if (this.#isHeld) return;
    this.#staying.clear();
    this.#arrange();
  }

  #onSections() {
    this.#allStale = true;
    this.later();
  }

  /** @param {Entry} entry @returns {boolean} false for an entry of a folded section, or one that the filter hides, unless it needs attention */
  #isShown({ section, conversation: { id }, attention: { loud } }) {
    if (loud || id === this.#current || this.#staying.has(id)) return true;
    return !this.#kept.unread && !this.#kept.folded.includes(section);
  }

  /** @param {boolean} [isHeld] */
  #arrange(isHeld = this.#isHeld) {
    const own = this.app.client.sections.all;
    showSections(own);
    const sections = ["favourites", ...own.map(({ id }) => id), "channels", "direct"];
    this.#shown = new Map(sections.map((section) => [section, this.#orderOf(section, isHeld)]));
    for (const section of sections) this.#fillSection(section);
    this.#showFilter();
    this.onArrange();
  }

  /** Called when rows have changed. Replaced by the part that watches the edges. */
  onArrange = () => {};

  /** @param {string} section @param {boolean} isHeld @returns {string[]} the conversations that it shows, in order */
  #orderOf(section, isHeld) {
    const all = this.#sort(section);
    const wanted = this.#cut(
      section,
      all.filter((entry) => this.#isShown(entry)),
    ).map((entry) => entry.conversation.id);
    const shown = this.#shown.get(section);
    if (!isHeld || !shown) return wanted;
    const before = this.order;
    const kept = shown.filter((id) => this.#entries.get(id)?.section === section);
    // The member has opened it, or moved it from another section.
    const moved = wanted.filter((id) => (id === this.#current || before.includes(id)) && !kept.includes(id));
    const isThere = new Set([...kept, ...moved]);
    return moved.length ? all.map((entry) => entry.conversation.id).filter((id) => isThere.has(id)) : kept;
  }

  /** @param {string} section */
  #fillSection(section) {
    const ids = this.#shown.get(section) ?? [];
    for (const id of ids) if (this.#entries.get(id)?.attention.loud) this.#staying.add(id);
    const box = byId(`side-${section}-section`);
    const isEmpty = this.#sort(section).length === 0;
    box.hidden = (section === "favourites" && isEmpty) || (this.#kept.unread && ids.length === 0);
    box.classList.toggle("is-empty", isEmpty);
    box.querySelector("[data-fold]")?.setAttribute("aria-expanded", String(!this.#kept.folded.includes(section)));
    fillList(
      byId(`side-${section}-list`),
      ids.map((id) => this.#rows.get(id)?.root),
    );
  }

  #showFilter() {
    const { unread } = this.#kept;
    const loud = [...this.#entries.values()].filter((entry) => entry.attention.loud).length;
    byId("unread-button").setAttribute("aria-pressed", String(unread));
    byId("unread-count").hidden = loud === 0;
    setText(byId("unread-count"), countLabel(loud));
    byId("read-all-button").hidden = loud === 0;
    byId("side-caught-up").hidden = !unread || loud > 0;
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
    const section = target.closest("[data-section-menu]");
    if (fold) this.#toggleFold(fold);
    if (more) this.#openMenu(more, more);
    if (section) void this.app.run("section-menu", { id: section.getAttribute("data-section-menu"), origin: section });
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
    this.#rearrange();
  }

  #showAllDirect() {
    this.#allDirect = true;
    this.#rearrange();
  }

  /** Arrange the list by an act of the member, wherever the pointer is. */
  #rearrange() {
    this.#staying.clear();
    this.#arrange(false);
  }
}

/** @param {string} key */
function readJson(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}") ?? {};
  } catch {
    return {};
  }
}
