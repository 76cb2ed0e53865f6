/** @import {App} from "../shell/app.js" */
/** @import {Changes} from "../../client/store/entities.js" */
/** @import {Conversation} from "../../client/types.js" */
/** @import {Attention} from "../lib/levels.js" */

import { byId, clone, everyFrame, setIcon, setText } from "../lib/dom.js";
import { clearTime, fillAvatar, writeTime } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { attention } from "../lib/levels.js";
import { conversationIcon, conversationName, isChannel, others, presenceLabel } from "../lib/names.js";
import { steady } from "../lib/steady.js";
import { observeDay } from "../shell/midnight.js";

const MOST_COUNTED = 99; // of a badge; beyond it the number says nothing more
const RECENT = 20; // direct messages that are shown; the others are one press away
const RENDERED = 100; // milliseconds between two renderings of changes: nobody reads faster
const SECTIONS = ["unread", "favourites", "channels", "direct"];
const collator = new Intl.Collator(document.documentElement.lang || undefined, { numeric: true });

/**
 * What the list knows of a conversation.
 *
 * @typedef {object} Entry
 * @property {Conversation} conversation
 * @property {string} name
 * @property {string} home the section it belongs to
 * @property {string} section where it stands now: what is unread stands above all others
 * @property {boolean} favourite
 * @property {boolean} muted
 * @property {boolean} draft
 * @property {number} activity milliseconds; when something was last written, else when it was created
 * @property {Attention} attention
 */

/** The list of conversations: what is unread is bold and counted, what is muted dimmed, a draft marked. */
export class Sidebar {
  /** @type {Map<string, ReturnType<typeof clone>>} by conversation */
  #rows = new Map();
  /** @type {Map<string, Entry>} by conversation; only what has a place in the list */
  #entries = new Map();
  /** @type {Set<string>} conversations of which something changed */
  #stale = new Set();
  #allStale = true;
  /** @type {Map<string, string[]>} by section: its conversations in their order, until one of them moves */
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
    observeDay(() => this.#touch([...this.#entries.keys()])); // rows that are folded away are not in the document
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

  /** @param {string} view the name of the route: its row is marked */
  setView(view) {
    for (const row of byId("side-views").querySelectorAll("[data-view]")) toggleCurrent(row, row.getAttribute("data-view") === view);
  }

  /** @param {number} step @param {{unread?: boolean}} [options] @returns {string | undefined} the conversation that far from the open one */
  neighbour(step, { unread = false } = {}) {
    const order = this.#order.filter((id) => id === this.#current || !unread || this.#entries.get(id)?.attention.loud);
    if (order.length === 0) return undefined;
    const index = order.indexOf(this.#current ?? "");
    if (index < 0) return step > 0 ? order[0] : order[order.length - 1];
    const found = order[(index + step + order.length) % order.length];
    return found === this.#current ? undefined : found;
  }

  /** @returns {string[]} ids of the conversations with something unread in them, as they are listed */
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
    const outcomes = this.app.store.outcomes.length; // of reports: they are listed with the mentions
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
    this.#touch([...changes.conversations, ...changes.participants, ...changes.histories, ...named.map((one) => one.conversation.id)]);
  }

  /** @param {string[]} ids */
  #touch(ids) {
    for (const id of ids) if (id) this.#stale.add(id);
    this.later();
  }

  /** @param {string} id @returns {boolean} whether it may stand elsewhere now */
  #refresh(id) {
    const before = this.#entries.get(id);
    const entry = this.#entryOf(id);
    if (!entry) {
      this.#rows.delete(id);
      return this.#entries.delete(id);
    }
    this.#entries.set(id, entry);
    this.#showRow(entry);
    return before === undefined || positionKey(before) !== positionKey(entry);
  }

  /** @param {string} id @returns {Entry | undefined} */
  #entryOf(id) {
    const { store, client } = this.app;
    const conversation = store.conversations.get(id);
    const participant = store.ownParticipant(id);
    if (!conversation || !participant || conversation.archived_at) return undefined;
    const draft = client.drafts.has(id) || client.edits.has(id, conversation.first_seq);
    const channel = isChannel(conversation);
    const started = channel || conversation.last_seq > 0 || conversation.created_by === store.me || draft || id === this.#current;
    if (!started) return undefined; // a direct message that nobody has written in is shown to who opened it
    const seen = attention(store, id);
    const home = participant.favourite ? "favourites" : channel ? "channels" : "direct";
    // The open one stays where it is while it is read and written to: rows do not move under the pointer.
    const above = id === this.#current ? this.#entries.get(id)?.section === "unread" : seen.loud;
    return {
      conversation,
      name: conversationName(store, conversation),
      home,
      section: above ? "unread" : home,
      favourite: participant.favourite ?? false,
      muted: participant.muted ?? false,
      draft,
      activity: Date.parse(conversation.last_message_at ?? conversation.created_at),
      attention: seen,
    };
  }

  /** @param {Entry} entry folded away, or filtered out, is only what can wait */
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

  /** @param {Entry} entry */
  #showRow(entry) {
    const { conversation, attention: seen } = entry;
    const row = this.#rows.get(conversation.id) ?? clone("side-row");
    this.#rows.set(conversation.id, row);
    const { link, draft, badge, count, time } = row.slots;
    const isCurrent = conversation.id === this.#current;
    row.root.dataset.conversation = conversation.id;
    setText(row.slots.name, entry.name);
    this.#showFace(row.slots, conversation);
    const href = this.app.router.path(conversation.id);
    if (link.getAttribute("href") !== href) link.setAttribute("href", href);
    link.classList.toggle("is-unread", seen.loud);
    link.classList.toggle("is-muted", entry.muted);
    toggleCurrent(link, isCurrent);
    draft.toggleAttribute("hidden", isCurrent || !entry.draft);
    row.slots.muted.toggleAttribute("hidden", !entry.muted);
    badge.hidden = seen.count === 0;
    badge.classList.toggle("badge-accent", !isChannel(conversation) || seen.mentions > 0);
    setText(count, countLabel(seen.count));
    if (entry.home === "direct" && conversation.last_seq > 0) writeTime(time, new Date(entry.activity).toISOString());
    else clearTime(time);
    link.title = isChannel(conversation) ? conversation.topic : this.#handles(conversation);
    row.slots.more.setAttribute("aria-label", interpolate(gettext("Actions for %(name)s"), { name: entry.name }));
  }

  /** @param {Record<string, any>} slots @param {Conversation} conversation somebody's avatar in place of an icon */
  #showFace(slots, conversation) {
    const direct = conversation.kind === "direct";
    const [id = this.app.store.me] = others(this.app.store, conversation);
    const presence = direct ? (this.app.client.signals.presence.get(id) ?? "offline") : "";
    if (direct) fillAvatar(slots.avatar, this.app.store.members.get(id));
    slots.avatar.dataset.presence = presence;
    setText(slots.presence, presence === "offline" ? "" : presenceLabel(presence));
    slots.avatar.hidden = !direct;
    slots["icon-box"].toggleAttribute("hidden", direct);
    setIcon(slots.icon, conversationIcon(conversation));
  }

  /** @param {Conversation} conversation */
  #handles(conversation) {
    const handles = others(this.app.store, conversation).map((id) => this.app.store.members.get(id)?.handle);
    return handles.length ? interpolate(gettext("With %(people)s"), { people: handles.map((one) => `@${one}`).join(", ") }) : "";
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

  /** Arrows go from row to row, so that Tab need not. @param {KeyboardEvent} event */
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
      // Storage is full or forbidden: it holds until the page is left.
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

/** @param {number} count */
const countLabel = (count) => (count > MOST_COUNTED ? `${MOST_COUNTED}+` : String(count));

/** @param {Entry} entry what its place among the others follows from */
function positionKey(entry) {
  const { section, name, activity, draft, attention } = entry;
  return [section, attention.loud, draft, urgency(entry), section === "direct" ? activity : name].join(" ");
}

/** @param {Entry} entry what is unread: first what calls the member, then what was written to the member alone */
const urgency = ({ home, attention: { mentions } }) => (mentions > 0 ? 0 : home === "direct" ? 1 : 2);

/**
 * People by when they last wrote, all else by name: what is unread, too, so that a busy channel does not jump.
 *
 * @param {string} section
 * @returns {(one: Entry, other: Entry) => number}
 */
function inOrderOf(section) {
  const byName = (/** @type {Entry} */ one, /** @type {Entry} */ other) => collator.compare(one.name, other.name);
  if (section === "unread") return (one, other) => urgency(one) - urgency(other) || byName(one, other);
  return section === "direct" ? (one, other) => other.activity - one.activity || byName(one, other) : byName;
}

/** @param {HTMLElement} list @param {HTMLElement[]} roots */
function fillList(list, roots) {
  if (roots.length === list.children.length && roots.every((root, index) => list.children[index] === root)) return;
  const focused = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  list.replaceChildren(...roots);
  focused?.focus({ preventScroll: true });
}

/** @param {Element} link @param {boolean} current */
function toggleCurrent(link, current) {
  if (current) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}

/** @param {string} key */
function readJson(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}") ?? {};
  } catch {
    return {};
  }
}
