/** @import {App} from "../shell/app.js" */
/** @import {Changes} from "../../client/store/entities.js" */
/** @import {Conversation} from "../../client/types.js" */
/** @import {Edge} from "./history-window.js" */
/** @import {Row} from "./message-rows.js" */

import { ApiError } from "../../client/api.js";
import { byId, everyFrame, isLookedAt, setIcon, setText } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { conversationIcon, conversationName, isChannel } from "../lib/names.js";
import { steady } from "../lib/steady.js";
import { HistoryBars } from "./history-bars.js";
import { HistoryWindow } from "./history-window.js";
import { MessageList } from "./message-list.js";
import { rowsOf } from "./message-rows.js";
import { distanceToEnd, isAtEnd, ScrollAnchor } from "./scroll-anchor.js";
import { seqOf, VisibleMessages } from "./visible-messages.js";

const RENDERED = 100; // milliseconds between two renderings of new messages: nobody reads faster
const NEAR = 900; // pixels from an edge at which the next page is fetched: about a screenful before it is needed
const AGAIN = 5_000; // milliseconds between two attempts to fetch what the store has forgotten
const KEPT = 1_000; // messages of the open conversation kept in memory on both sides of the window
const KEPT_ELSEWHERE = 200; // messages kept of each other conversation: enough to show at once when it is opened again
const EDGES = /** @type {const} */ (["before", "after"]);

/**
 * The messages of the open conversation. A window on its history slides while the member scrolls. What is on the screen
 * keeps its position, whatever arrives above or below it, and counts as read while the member looks at it.
 */
export class History {
  /** @type {number | null} the read position when the conversation was opened: the "new" divider is below it */
  #newAfter = null;
  /** @type {number | null} the seq from which the member marked the conversation unread */
  #unreadFrom = null;
  #staysUnread = false; // the member marked it unread while it was open: it stays unread until it is opened again
  #isLoading = true;
  #isRestoring = false; // the store forgot what is on the screen; it stays there until it has been fetched again
  #opening = 0; // counts openings, so that an answer to an earlier one is ignored

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.window = new HistoryWindow(app);
    /** @type {HTMLElement} */
    this.scroller = byId("history");
    this.settle = everyFrame(() => this.#settle());
    this.render = everyFrame(
      steady(() => this.#render()),
      RENDERED,
    );
    this.visible = new VisibleMessages(this.scroller, this.settle);
    this.list = new MessageList(app, byId("messages"), {
      added: (row) => this.visible.add(row),
      removed: (row) => this.visible.remove(row),
      beginning: (_, slots) => this.#fillBeginning(slots),
      retry: (edge) => void this.#extend(edge),
    });
    this.anchor = new ScrollAnchor(this.scroller, this.list.element, () => this.window.isBehind);
    this.bars = new HistoryBars(app, {
      toEnd: () => this.toEnd(),
      toUnread: () => this.#toUnread(),
      toReplies: () => this.#toReplies(),
      markAllRead: () => this.#markAllRead(),
    });
    this.#observe();
  }

  #observe() {
    const { store, client } = this.app;
    store.observe((changes) => this.#onChanges(changes));
    client.outbox.observe((conversation) => conversation === this.#id && this.render());
    client.edits.observe((_, conversation) => conversation === this.#id && this.render());
    this.scroller.addEventListener("scroll", this.settle, { passive: true });
    const sizes = new ResizeObserver(() => this.#onResize());
    for (const element of [this.scroller, this.list.element]) sizes.observe(element);
    document.addEventListener("visibilitychange", this.settle);
    window.addEventListener("focus", this.settle);
  }

  get #id() {
    return this.window.conversationId;
  }

  /** @returns {{from: number, to: number}} the seqs on the screen, or about to be */
  get range() {
    const { seqs } = this.visible;
    const { to } = this.window;
    if (seqs.length === 0) return { from: Math.max(1, to - 20), to };
    return { from: Math.min(...seqs), to: Math.max(...seqs) };
  }

  // --- Opening, and going somewhere --------------------------------------------------------------

  /**
   * Show a conversation: at `seq`, else at the first unread message, else at its end. Throws ApiError.
   *
   * @param {Conversation} conversation
   * @param {number} [seq]
   */
  async open(conversation, seq) {
    const opening = (this.#opening += 1);
    this.#isRestoring = false;
    this.#staysUnread = false;
    if (conversation.id !== this.#id) this.#reset(conversation);
    const ahead = this.app.store.unreadAhead(conversation.id);
    const first = seq ?? ahead[0]?.[0] ?? conversation.last_seq;
    const target = Math.min(Math.max(1, first), conversation.last_seq);
    if (!this.window.isKnown(target)) {
      this.#isLoading = !this.app.store.has(conversation.id) || seq !== undefined;
      this.#render();
      await this.window.fetchAround(target);
    }
    if (opening !== this.#opening) return;
    this.#isLoading = false;
    this.window.openAt(target);
    this.#render();
    this.#scrollTo(seq, ahead.length > 0);
    this.anchor.note();
    this.settle();
  }

  close() {
    this.#opening += 1;
    this.#isRestoring = false;
    const { conversation } = this.window;
    this.window.conversationId = null;
    this.list.clear();
    if (conversation) this.#trimStore(conversation.id, conversation.last_seq - KEPT_ELSEWHERE, conversation.last_seq);
  }

  /** Show the newest messages, including those that are being sent, in the same task: without waiting for a frame. */
  async toEnd() {
    const { conversation } = this.window;
    if (!conversation) return;
    if (this.window.isBehind) {
      this.window.to = 0;
      await this.open(conversation, conversation.last_seq);
      this.app.router.go(this.app.router.path(conversation.id), { replace: true });
    } else this.#render();
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.anchor.note();
    this.settle();
  }

  #toUnread() {
    const id = this.#id;
    const seq = this.#firstUnread;
    if (!id || seq === undefined) return;
    this.#newAfter = this.app.store.readUpTo(id);
    this.#render();
    if (this.list.withKey("new")) this.#scrollTo(undefined, true);
    else this.app.router.go(this.app.router.path(id, seq));
    this.settle();
  }

  /** Open the first thread with unread replies before the read position. Throws ApiError. */
  async #toReplies() {
    const id = this.#id;
    const [seq] = id ? (this.app.store.passedReplies(id)[0] ?? []) : [];
    if (!id || seq === undefined) return;
    if (!this.app.store.at(id, seq)) await this.app.client.pages.around(id, seq);
    const { thread } = this.app.store.at(id, seq) ?? {};
    if (thread && this.#id === id) this.app.router.go(this.app.router.path(id, undefined, thread));
  }

  #markAllRead() {
    const id = this.#id;
    if (!id) return;
    this.#newAfter = null;
    this.app.client.reads.markAll(id);
    this.render();
    this.settle();
  }

  /** @param {Conversation} conversation */
  #reset({ id }) {
    const { store } = this.app;
    this.window.reset(id);
    this.visible.clear();
    this.anchor.forget();
    this.#unreadFrom = store.ownParticipant(id)?.unread_from ?? null;
    this.#newAfter = store.unreadAhead(id).length > 0 ? store.readUpTo(id) : null;
    this.list.clear();
  }

  /** @param {number | undefined} seq @param {boolean} hasNew */
  #scrollTo(seq, hasNew) {
    const target = seq === undefined ? null : this.list.atSeq(seq);
    const divider = hasNew ? this.list.withKey("new") : null;
    if (target) {
      target.scrollIntoView({ block: "center" });
      if (seq !== this.window.conversation?.last_seq || this.app.router.route.seq === seq) flash(target);
    } else if (divider) {
      const above = divider.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
      this.scroller.scrollTop += above - this.scroller.clientHeight / 4;
    } else this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  // --- Changes of the store ------------------------------------------------------------------------

  /** @param {Changes} changes */
  #onChanges(changes) {
    const id = this.#id;
    this.#trimOthers(changes.histories);
    if (!id || !this.window.conversation) return;
    if (changes.participants.has(id)) this.#noteMarkedUnread(id);
    if (this.#isLoading || this.#isRestoring) return;
    if (changes.histories.has(id) && !this.#onMessages(id)) {
      void this.#restore();
      return;
    }
    if (changes.conversations.has(id) && this.window.lacksNext) this.#catchUp();
    if (!changes.histories.has(id) && !changes.members.size && !changes.participants.has(id)) return;
    this.render();
    this.settle(); // the member's own message may be answered before the events that precede it arrive: then a gap is above it
  }

  /** @param {string} id @returns {boolean} false when the store has forgotten messages that are on the screen */
  #onMessages(id) {
    this.#noteNew(id);
    if (!this.window.narrow(this.range)) return false;
    this.window.follow(isAtEnd(this.scroller));
    return true;
  }

  /** The member marked the conversation unread, here or on another device: being open does not mark it read. @param {string} id */
  #noteMarkedUnread(id) {
    const from = this.app.store.ownParticipant(id)?.unread_from ?? null;
    if (from === this.#unreadFrom) return;
    this.#unreadFrom = from;
    this.#staysUnread = from !== null;
    if (from !== null) this.#newAfter = from - 1;
  }

  /** Messages that arrive while nobody looks at the page get a "new" divider. @param {string} id */
  #noteNew(id) {
    if (this.#newAfter !== null || isLookedAt() || this.app.store.unreadAhead(id).length === 0) return;
    this.#newAfter = this.app.store.readUpTo(id);
  }

  /** Keep the newest messages of other conversations only, so that one that is never opened does not fill the memory. @param {Set<string>} histories */
  #trimOthers(histories) {
    for (const id of histories) {
      if (id === this.#id || this.app.store.size(id) <= 2 * KEPT_ELSEWHERE) continue;
      const { last_seq } = this.app.store.conversations.get(id) ?? { last_seq: 0 };
      this.#trimStore(id, last_seq - KEPT_ELSEWHERE, last_seq);
    }
  }

  /** The conversation has messages that the store lacks: fetch them at once if they belong on the screen. */
  #catchUp() {
    if (this.window.edges.after === "idle" && this.#isNear("after")) void this.#extend("after");
    else this.settle();
  }

  /** Fetch what is on the screen again, while it stays there. If the answer cannot be used, try again later. */
  async #restore() {
    const opening = (this.#opening += 1);
    const { from } = this.range;
    this.#isRestoring = true;
    const isKnown = await this.#fetchAgain(from);
    if (opening !== this.#opening) return;
    if (!isKnown) {
      setTimeout(() => opening === this.#opening && void this.#restore(), AGAIN);
      return;
    }
    this.#isRestoring = false;
    const id = /** @type {string} */ (this.#id);
    this.window.openAt(this.app.store.at(id, from) ? from : (this.window.conversation?.last_seq ?? from));
    this.render();
    this.settle();
  }

  /** @param {number} from @returns {Promise<boolean>} false when nothing was fetched, or the store has forgotten more since then */
  async #fetchAgain(from) {
    const id = /** @type {string} */ (this.#id);
    const { pages } = this.app.client;
    try {
      const found = await (this.anchor.followsEnd ? pages.newest(id) : pages.around(id, from));
      return found.length === 0 || found.some(({ seq }) => this.app.store.at(id, seq));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return false;
    }
  }

  // --- Paging -----------------------------------------------------------------------------------------

  /** @param {Edge} edge */
  #isNear(edge) {
    return edge === "before" ? this.scroller.scrollTop < NEAR : distanceToEnd(this.scroller) < NEAR;
  }

  /** Fetch the next page at an edge and slide the window over it. @param {Edge} edge */
  async #extend(edge) {
    const { edges } = this.window;
    if (!this.#id || edges[edge] === "loading") return;
    const opening = this.#opening;
    edges[edge] = "loading";
    this.render();
    try {
      await this.window.fetch(edge);
      if (opening === this.#opening) edges[edge] = "idle";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (opening === this.#opening) edges[edge] = "failed";
    }
    if (opening !== this.#opening) return;
    this.window.slide(edge);
    this.#render();
    this.settle();
  }

  // --- Rendering --------------------------------------------------------------------------------------

  #render() {
    const id = this.#id;
    if (!id || this.#isRestoring) return;
    if (this.#isLoading) {
      this.list.show([{ key: "edge before", kind: "edge", edge: "before" }]);
      return;
    }
    this.anchor.keep(() => this.list.show(this.#rows(id)));
    this.#showEdges();
    this.#showBars();
    this.#trimStore(id, this.window.from - KEPT, this.window.to + KEPT);
  }

  /** @param {string} id @returns {Row[]} */
  #rows(id) {
    const { isBehind, from, messages } = this.window;
    const { thread } = this.app.router.route;
    const waiting = this.app.client.outbox
      .entries(id)
      .filter((entry) => !entry.thread || entry.state === "failed" || entry.thread !== thread);
    // Unread messages may begin above the window: then the divider is not in it.
    const newAfter = this.#newAfter !== null && this.#newAfter >= from - 1 ? this.#newAfter : null;
    const rows = rowsOf(this.app.store, messages, isBehind ? [] : waiting, { newAfter });
    if (this.window.hasMore("before")) rows.unshift({ key: "edge before", kind: "edge", edge: "before" });
    else rows.unshift({ key: "beginning", kind: "beginning" });
    if (isBehind) rows.push({ key: "edge after", kind: "edge", edge: "after" });
    return rows;
  }

  #showEdges() {
    const { firstElementChild, lastElementChild } = this.list.element;
    for (const edge of EDGES) {
      const row = edge === "before" ? firstElementChild : lastElementChild;
      if (!row?.matches(".edge")) continue;
      const failed = this.window.edges[edge] === "failed";
      /** @type {HTMLElement} */ (row.querySelector("[data-slot=skeleton]")).hidden = failed;
      /** @type {HTMLElement} */ (row.querySelector("[data-slot=error]")).hidden = !failed;
    }
  }

  #showBars() {
    this.bars.show({
      conversation: this.#id ?? "",
      isReady: !this.#isLoading && !this.window.isEmpty && !this.visible.isEmpty,
      isFar: this.window.isBehind || distanceToEnd(this.scroller) > this.scroller.clientHeight / 2,
      isAtBottom: isAtEnd(this.scroller),
      firstShown: this.visible.first,
    });
  }

  /** @param {Record<string, any>} slots */
  #fillBeginning(slots) {
    const { conversation } = this.window;
    if (!conversation) return;
    const name = conversationName(this.app.store, conversation);
    setIcon(slots.icon, conversationIcon(conversation));
    setText(slots.title, isChannel(conversation) ? `#${name}` : name);
    const channel = gettext("This is where the channel begins.");
    const direct = interpolate(gettext("This is where your messages with %(name)s begin. Nobody else sees them."), { name });
    setText(slots.text, isChannel(conversation) ? conversation.topic || channel : direct);
  }

  /** @param {string} id @param {number} from @param {number} to the seqs that stay in the store, with those of the open thread */
  #trimStore(id, from, to) {
    const { thread } = this.app.router.route;
    this.app.store.trim(id, from, to, (message) => !!thread && (message.id === thread || message.thread === thread));
  }

  // --- After scrolling, rendering, resizing -------------------------------------------------------------

  #onResize() {
    if (!this.#id || this.#isLoading) return;
    this.anchor.correct();
    this.settle();
  }

  /** Fetch the next page where the member comes near an edge, and mark what is on the screen as read. */
  #settle() {
    if (!this.#id || this.#isLoading || this.#isRestoring) return;
    this.anchor.correct();
    for (const edge of EDGES) {
      if (this.window.hasMore(edge) && this.#isNear(edge) && this.window.edges[edge] === "idle") void this.#extend(edge);
    }
    this.#showBars();
    this.#markRead();
  }

  /**
   * Mark everything up to the screen as read while the member looks at it. If an unread message above was never on the
   * screen, because a link or a jump led past it, mark nothing until it is.
   */
  #markRead() {
    const id = this.#id;
    if (!id || this.#staysUnread || this.visible.isEmpty || !isLookedAt() || this.#isCovered) return;
    const next = this.#firstUnread;
    if (next !== undefined && next < this.visible.first) return;
    const last = this.anchor.followsEnd && this.#isLastVisible ? this.window.to : this.visible.last;
    if (last > 0) this.app.client.reads.mark(id, last);
  }

  /** Whether the last message of the list is on the screen. Right after a jump to the end it is not there yet. */
  get #isLastVisible() {
    let row = this.list.element.lastElementChild;
    while (row && !seqOf(row)) row = row.previousElementSibling;
    return row !== null && this.visible.has(row);
  }

  /** @returns {number | undefined} the first unread message after the read position */
  get #firstUnread() {
    return this.app.store.unreadAhead(this.#id ?? "")[0]?.[0];
  }

  /** Whether the thread covers the messages, as it does on a phone. */
  get #isCovered() {
    const panel = byId("thread");
    if (panel.hidden) return false;
    const { left, right } = panel.getBoundingClientRect();
    const own = this.scroller.getBoundingClientRect();
    const middle = (own.left + own.right) / 2;
    return left < middle && middle < right;
  }
}

/** Highlight the message that a link led to, for a moment. @param {HTMLElement} element */
export function flash(element) {
  element.classList.remove("is-target");
  void element.offsetWidth; // restart the animation
  element.classList.add("is-target");
}
