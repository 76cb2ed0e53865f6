/** @import {App} from "../shell/app.js" */
/** @import {Changes} from "../../client/store.js" */
/** @import {Conversation} from "../../client/types.js" */
/** @import {Row} from "./message-rows.js" */

import { ApiError } from "../../client/api.js";
import { PAGE } from "../../client/pages.js";
import { sizeOf } from "../../client/ranges.js";
import { byId, everyFrame, isLookedAt, setIcon, setText } from "../lib/dom.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { steady } from "../lib/long-press.js";
import { conversationIcon, conversationName, isChannel } from "../lib/names.js";
import { MessageList } from "./message-list.js";
import { reach, rowsOf } from "./message-rows.js";

const MOST_SHOWN = 300; // messages in the document at once; a browser lays out more only with a pause
const CUT = 50; // that many at once: where one goes for each that comes, all others move and are painted anew
const RENDERED = 100; // milliseconds between two times that news are shown: nobody reads faster
const NEAR = 900; // pixels from an edge at which the next page is fetched: about a screenful before it is needed
const AT_END = 48; // pixels from the end within which one is reading along
const BEHIND = 20; // messages by which the store may lag behind the newest without the page making a fuss of it
const AGAIN = 5_000; // milliseconds between two attempts to fetch what was forgotten
const KEPT = 1_000; // messages of a conversation kept in memory beyond the ones shown
const KEPT_ELSEWHERE = 200; // of each other conversation: what one sees at once when one comes back

/** @typedef {"before" | "after"} Edge */

/**
 * The messages of the open conversation: a window `from`–`to` on its history that slides while one scrolls.
 * What one looks at stays where it is, whatever comes in above or below it.
 */
export class History {
  /** @type {string | null} */
  #conversation = null;
  #from = 1;
  #to = 0;
  /** @type {number | null} the read position when the conversation was opened: where the "new" divider stands */
  #newAfter = null;
  /** @type {{anchor: Element | undefined, bottom: number, end: boolean, size: string} | null} what one looks at, and where it stands */
  #place = null;
  /** @type {number | null} from where one marked it unread while it was open: until it is opened again that stays */
  #unreadFrom = null;
  #stays = false;
  /** @type {Record<Edge, "idle" | "loading" | "failed">} */
  #edges = { before: "idle", after: "idle" };
  #loading = true;
  #holding = false; // what is on the screen was forgotten, and stays there until it has been fetched again
  #opening = 0;
  /** @type {Set<Element>} messages on the screen */
  #visible = new Set();

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLElement} */
    this.scroller = byId("history");
    this.list = new MessageList(app, byId("messages"), {
      added: (root) => this.observer.observe(root),
      removed: (root) => this.#forget(root),
      beginning: (_, slots) => this.#fillBeginning(slots),
      retry: (edge) => void this.#extend(edge),
    });
    this.observer = new IntersectionObserver((entries) => this.#see(entries), { root: this.scroller, rootMargin: "0px 0px -20px 0px" });
    this.render = everyFrame(
      steady(() => this.#render()),
      RENDERED,
    );
    this.settle = everyFrame(() => this.#settle());
    app.store.observe((changes) => this.#onChanges(changes));
    app.client.outbox.observe((conversation) => conversation === this.#conversation && this.render());
    app.client.edits.observe((_, conversation) => conversation === this.#conversation && this.render());
    this.scroller.addEventListener("scroll", this.settle, { passive: true });
    const sizes = new ResizeObserver(() => this.#onResize());
    for (const element of [this.scroller, this.list.element]) sizes.observe(element);
    byId("jump-button").addEventListener("click", () => void this.toEnd());
    byId("unread-jump").addEventListener("click", () => void this.#toUnread());
    byId("unread-read").addEventListener("click", () => this.#markAll());
    byId("replies-jump").addEventListener("click", () => void this.#toReplies());
    byId("replies-read").addEventListener("click", () => this.#markAll());
    document.addEventListener("visibilitychange", this.settle);
    window.addEventListener("focus", this.settle);
  }

  /** @returns {{from: number, to: number}} the seqs on the screen, or about to be */
  get range() {
    const seqs = [...this.#visible].map(seqOf).filter((seq) => seq > 0);
    if (seqs.length === 0) return { from: Math.max(1, this.#to - 20), to: this.#to };
    return { from: Math.min(...seqs), to: Math.max(...seqs) };
  }

  /**
   * Show a conversation: at `seq`, else at what is new, else at its end. Throws ApiError.
   *
   * @param {Conversation} conversation
   * @param {number} [seq]
   */
  async open(conversation, seq) {
    const opening = (this.#opening += 1);
    this.#holding = false;
    this.#stays = false;
    if (conversation.id !== this.#conversation) this.#reset(conversation);
    const ahead = this.app.store.unreadAhead(conversation.id);
    const first = seq ?? ahead[0]?.[0] ?? conversation.last_seq;
    const anchor = Math.min(Math.max(1, first), conversation.last_seq);
    if (!this.#isKnown(conversation, anchor)) {
      this.#loading = !this.app.store.has(conversation.id) || seq !== undefined;
      this.#render();
      await this.#fetchAround(conversation, anchor);
    }
    if (opening !== this.#opening) return;
    this.#loading = false;
    this.#edges = { before: "idle", after: "idle" };
    this.#openWindow(anchor);
    this.#render();
    this.#scrollTo(seq, ahead.length > 0);
    this.#notePlace();
    this.settle();
  }

  /** Show the newest messages and what has just been sent, in the same task: no frame is waited for. */
  async toEnd() {
    const conversation = this.#current;
    if (!conversation) return;
    if (this.#isBehind) {
      this.#to = 0;
      await this.open(conversation, conversation.last_seq);
      this.app.router.go(this.app.router.path(conversation.id), { replace: true });
    } else this.#render();
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#notePlace();
    this.settle();
  }

  /** The first message of a day, or what came next. Throws ApiError. @param {Date} day */
  async toDate(day) {
    const conversation = this.#current;
    if (!conversation) return;
    const query = { since: day.toISOString(), limit: 1 };
    const { results } = await this.app.client.api.get(`conversations/${conversation.id}/messages`, query);
    if (results.length) this.app.router.go(this.app.router.path(conversation.id, results[0].seq));
    else await this.toEnd();
  }

  async #toUnread() {
    const conversation = this.#current;
    const seq = this.#firstUnread;
    if (!conversation || seq === undefined) return;
    this.#newAfter = this.app.store.readUpTo(conversation.id);
    this.#render();
    if (this.list.withKey("new")) this.#scrollTo(undefined, true);
    else this.app.router.go(this.app.router.path(conversation.id, seq));
    this.settle();
  }

  /** Open the first thread with replies that the main line has passed and that are not read. Throws ApiError. */
  async #toReplies() {
    const id = this.#conversation;
    const [seq] = id ? (this.app.store.passedReplies(id)[0] ?? []) : [];
    if (!id || seq === undefined) return;
    if (!this.app.store.at(id, seq)) await this.app.client.pages.around(id, seq);
    const { thread } = this.app.store.at(id, seq) ?? {};
    if (thread && this.#conversation === id) this.app.router.go(this.app.router.path(id, undefined, thread));
  }

  #markAll() {
    const conversation = this.#current;
    if (!conversation) return;
    this.#newAfter = null;
    this.app.client.reads.markAll(conversation.id);
    this.render();
    this.settle();
  }

  close() {
    this.#opening += 1;
    this.#holding = false;
    const conversation = this.#current;
    this.#conversation = null;
    this.list.clear();
    if (conversation) this.#trimStore(conversation.id, conversation.last_seq - KEPT_ELSEWHERE, conversation.last_seq);
  }

  get #current() {
    return this.#conversation ? (this.app.store.conversations.get(this.#conversation) ?? null) : null;
  }

  get #isAtTail() {
    return this.#to >= (this.#current?.last_seq ?? 0);
  }

  get #isBehind() {
    return (this.#current?.last_seq ?? 0) - this.#to > BEHIND;
  }

  get #isAtBottom() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < AT_END;
  }

  get #isReadingAlong() {
    return this.#isAtBottom && !this.#isBehind;
  }

  /** @param {Conversation} conversation */
  #reset(conversation) {
    this.#conversation = conversation.id;
    this.#from = 1;
    this.#to = 0;
    this.#visible.clear();
    this.#place = null;
    this.#unreadFrom = this.app.store.ownSeat(conversation.id)?.unread_from ?? null;
    this.#newAfter = this.app.store.unreadAhead(conversation.id).length > 0 ? this.app.store.readUpTo(conversation.id) : null;
    this.list.clear();
  }

  /** @param {Conversation} conversation @param {number} anchor */
  #isKnown(conversation, anchor) {
    if (conversation.last_seq === 0) return true;
    const stretch = this.app.store.stretch(conversation.id, anchor, PAGE / 2);
    if (!stretch) return false;
    const older = stretch.from <= anchor - PAGE / 2 || this.app.client.pages.isStart(conversation.id, stretch.from);
    return older && (stretch.to >= anchor + PAGE / 2 || stretch.to >= conversation.last_seq);
  }

  /** @param {Conversation} conversation @param {number} anchor */
  async #fetchAround({ id, last_seq }, anchor) {
    const { pages } = this.app.client;
    if (anchor > last_seq - PAGE / 2) await pages.newest(id);
    if (!this.app.store.at(id, anchor)) await pages.around(id, anchor);
  }

  /** @param {number} anchor */
  #openWindow(anchor) {
    const conversation = /** @type {Conversation} */ (this.#current);
    const stretch =
      this.app.store.stretch(conversation.id, anchor, 2 * PAGE) ?? this.app.store.stretch(conversation.id, conversation.last_seq, 2 * PAGE);
    this.#from = stretch?.from ?? 1;
    this.#to = stretch?.to ?? 0;
  }

  /** @param {number | undefined} seq @param {boolean} hasNew */
  #scrollTo(seq, hasNew) {
    const target = seq === undefined ? null : this.list.atSeq(seq);
    const divider = hasNew ? this.list.withKey("new") : null;
    if (target) {
      target.scrollIntoView({ block: "center" });
      if (seq !== this.#current?.last_seq || this.app.router.route.seq === seq) flash(target);
    } else if (divider) {
      const above = divider.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
      this.scroller.scrollTop += above - this.scroller.clientHeight / 4;
    } else this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    const id = this.#conversation;
    this.#forgetElsewhere(changes.histories);
    if (!id || !this.#current) return;
    if (changes.participants.has(id)) this.#heedUnread(id);
    if (this.#loading || this.#holding) return;
    if (changes.histories.has(id)) this.#noticeNew(id);
    if (changes.histories.has(id) && !this.#keepsGround()) {
      void this.#restore();
      return;
    }
    if (changes.histories.has(id)) this.#follow(id);
    if (changes.conversations.has(id) && !this.#isAtTail && !this.app.store.at(id, this.#to + 1)) this.#catchUp();
    if (!changes.histories.has(id) && !changes.members.size && !changes.participants.has(id)) return;
    this.render();
    this.settle(); // what came may stand before the window: one's own message was answered sooner than it was told
  }

  /** Somebody marked it unread, here or on another device: it is not read again by lying open. @param {string} id */
  #heedUnread(id) {
    const from = this.app.store.ownSeat(id)?.unread_from ?? null;
    if (from === this.#unreadFrom) return;
    this.#unreadFrom = from;
    this.#stays = from !== null;
    if (from === null) return;
    this.#newAfter = from - 1;
  }

  /** What comes while nobody looks stands below a divider of its own. @param {string} id */
  #noticeNew(id) {
    if (this.#newAfter !== null || isLookedAt() || this.app.store.unreadAhead(id).length === 0) return;
    this.#newAfter = this.app.store.readUpTo(id);
  }

  /** Of other conversations the newest stay; one that is never opened must not fill the memory. @param {Set<string>} histories */
  #forgetElsewhere(histories) {
    for (const id of histories) {
      if (id === this.#conversation || this.app.store.size(id) <= 2 * KEPT_ELSEWHERE) continue;
      const { last_seq } = this.app.store.conversations.get(id) ?? { last_seq: 0 };
      this.#trimStore(id, last_seq - KEPT_ELSEWHERE, last_seq);
    }
  }

  /** Whether what is on the screen is still known: where very much has changed, sync makes one forget. */
  #keepsGround() {
    if (this.#to === 0) return true;
    const { from, to } = this.range;
    const stretch = this.app.store.stretch(this.#conversation ?? "", to);
    if (!stretch || stretch.from > from) return false;
    this.#from = Math.max(this.#from, stretch.from); // beyond the screen: paged in again when one gets there
    this.#to = Math.min(this.#to, stretch.to);
    return true;
  }

  /** Fetch again what one looks at, while it stays on the screen; again later where the answer could not be used. */
  async #restore() {
    const id = /** @type {string} */ (this.#conversation);
    const opening = (this.#opening += 1);
    const { from } = this.range;
    const { pages } = this.app.client;
    this.#holding = true;
    let isKnown = false;
    try {
      const found = await (this.#isBehind || !this.#isAtBottom ? pages.around(id, from) : pages.newest(id));
      isKnown = found.length === 0 || found.some(({ seq }) => this.app.store.at(id, seq)); // else it was older than what was forgotten since
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    if (opening !== this.#opening) return;
    if (!isKnown) {
      setTimeout(() => opening === this.#opening && void this.#restore(), AGAIN);
      return;
    }
    this.#holding = false;
    this.#edges = { before: "idle", after: "idle" };
    this.#openWindow(this.app.store.at(id, from) ? from : (this.#current?.last_seq ?? from));
    this.render();
    this.settle();
  }

  /** Let the window grow with what arrived at its end; not while one reads far above. @param {string} id */
  #follow(id) {
    const stretch = this.app.store.stretch(id, this.#to || this.#current?.last_seq || 0);
    if (!stretch) return;
    if (this.#to === 0) this.#from = stretch.from;
    if (this.#isAtBottom) {
      this.#to = stretch.to;
      this.#shrink("after");
    } else this.#to = Math.max(this.#to, reach(this.app.store.between(id, this.#from, stretch.to), MOST_SHOWN, "first") ?? stretch.to);
  }

  /** The conversation went on and the store lacks the messages: ask for them at once. */
  #catchUp() {
    if (this.#edges.after === "idle" && this.#isNear("after")) void this.#extend("after");
    else this.settle();
  }

  /** @param {Edge} edge */
  #isNear(edge) {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return edge === "before" ? scrollTop < NEAR : scrollHeight - scrollTop - clientHeight < NEAR;
  }

  /** @param {Edge} edge */
  #hasMore(edge) {
    if (!this.#conversation || this.#to === 0) return false;
    return edge === "after" ? !this.#isAtTail : !this.app.client.pages.isStart(this.#conversation, this.#from);
  }

  /** Bring the next page at an edge and slide the window over it. @param {Edge} edge */
  async #extend(edge) {
    const id = this.#conversation;
    if (!id || this.#edges[edge] === "loading") return;
    const opening = this.#opening;
    this.#edges[edge] = "loading";
    this.render();
    try {
      if (edge === "before" && !this.app.store.at(id, this.#from - 1)) await this.app.client.pages.before(id, this.#from);
      if (edge === "after" && !this.app.store.at(id, this.#to + 1)) await this.app.client.pages.after(id, this.#to);
      if (opening === this.#opening) this.#edges[edge] = "idle";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (opening === this.#opening) this.#edges[edge] = "failed";
    }
    if (opening !== this.#opening) return;
    this.#slide(edge);
    this.#render();
    this.settle();
  }

  /** @param {Edge} edge */
  #slide(edge) {
    const id = /** @type {string} */ (this.#conversation);
    const start = edge === "before" ? this.#from : this.#to;
    const stretch = this.app.store.stretch(id, start, PAGE);
    if (!stretch) return;
    if (edge === "before") this.#from = Math.min(this.#from, stretch.from);
    else this.#to = Math.max(this.#to, stretch.to);
    this.#shrink(edge);
  }

  /** Give up what is farthest from where one looks. @param {Edge} edge the one that grew */
  #shrink(edge) {
    const messages = this.#to - this.#from < MOST_SHOWN ? [] : this.app.store.between(this.#conversation ?? "", this.#from, this.#to);
    const end = edge === "before" ? "first" : "last";
    if (reach(messages, MOST_SHOWN, end) !== null) {
      const last = reach(messages, MOST_SHOWN - CUT, end);
      if (edge === "before") this.#to = last ?? this.#to;
      else this.#from = last ?? this.#from;
    }
    this.#edges[edge === "before" ? "after" : "before"] = "idle";
  }

  #render() {
    if (!this.#conversation || this.#holding) return;
    if (this.#loading) {
      this.list.show([{ key: "edge before", kind: "edge", edge: "before" }]);
      return;
    }
    this.#keepPlace(() => this.list.show(this.#rows()));
    this.#showEdges();
    this.#showJump();
    this.#trimStore(this.#conversation, this.#from - KEPT, this.#to + KEPT);
  }

  /** @returns {Row[]} */
  #rows() {
    const id = /** @type {string} */ (this.#conversation);
    const messages = this.app.store.between(id, this.#from, this.#to);
    const { thread } = this.app.router.route;
    const waiting = this.app.client.outbox
      .entries(id)
      .filter((entry) => !entry.thread || entry.state === "failed" || entry.thread !== thread);
    const entries = this.#isBehind ? [] : waiting;
    // What is new may begin above the window: then the divider is not in it.
    const newAfter = this.#newAfter !== null && this.#newAfter >= this.#from - 1 ? this.#newAfter : null;
    const rows = rowsOf(this.app.store, messages, entries, { newAfter });
    if (this.#hasMore("before")) rows.unshift({ key: "edge before", kind: "edge", edge: "before" });
    else rows.unshift({ key: "beginning", kind: "beginning" });
    if (this.#isBehind) rows.push({ key: "edge after", kind: "edge", edge: "after" });
    return rows;
  }

  /**
   * Change the list while what is on the screen stays where it is; at the end one stays at the end.
   *
   * @param {() => void} change
   */
  #keepPlace(change) {
    this.#steady();
    change();
    this.#putBack();
    this.#notePlace();
  }

  /** Where something other than scrolling has moved what is on the screen (a late picture, a new width), put it back. */
  #steady() {
    if (this.#place && this.#place.size !== this.#size) this.#putBack();
    this.#notePlace();
  }

  #putBack() {
    const { scroller } = this;
    const { anchor, bottom, end } = this.#place ?? {};
    if (end && !this.#isBehind) scroller.scrollTop = scroller.scrollHeight;
    else if (anchor?.isConnected) {
      // Its end: its beginning goes where the message that comes in above it is of the same author, and bears the name.
      const moved = anchor.getBoundingClientRect().bottom - (bottom ?? 0);
      if (Math.abs(moved) >= 1) scroller.scrollTop += moved;
    }
  }

  #notePlace() {
    const end = this.#isReadingAlong;
    const anchor = end ? undefined : this.#firstOnScreen();
    this.#place = { anchor, bottom: anchor?.getBoundingClientRect().bottom ?? 0, end, size: this.#size };
  }

  get #size() {
    const { clientWidth, clientHeight, scrollHeight } = this.scroller;
    return `${clientWidth} ${clientHeight} ${scrollHeight}`;
  }

  /** @returns {Element | undefined} */
  #firstOnScreen() {
    const top = this.scroller.getBoundingClientRect().top;
    const messages = this.list.element.querySelectorAll(".message, .activity");
    let low = 0;
    let high = messages.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {Element} */ (messages[middle]).getBoundingClientRect().bottom > top + 1) high = middle;
      else low = middle + 1;
    }
    return messages[low];
  }

  #onResize() {
    if (!this.#conversation || this.#loading) return;
    this.#steady();
    this.settle();
  }

  /** After scrolling or rendering: fetch what comes next, say how far was read. */
  #settle() {
    if (!this.#conversation || this.#loading || this.#holding) return;
    this.#steady();
    for (const edge of /** @type {Edge[]} */ (["before", "after"])) {
      if (this.#hasMore(edge) && this.#isNear(edge) && this.#edges[edge] === "idle") void this.#extend(edge);
    }
    this.#showJump();
    this.#markRead();
  }

  /**
   * What stands on the screen of somebody who looks at it is read, together with what was shown before. Where something
   * unread lies above that was never on the screen (a link or a jump led past it), nothing is read until it is.
   */
  #markRead() {
    const id = this.#conversation;
    if (!id || this.#stays || this.#visible.size === 0 || !isLookedAt() || this.#isCovered) return;
    const next = this.#firstUnread;
    if (next !== undefined && next < this.#firstShown) return;
    const last = this.#isReadingAlong && this.#isLastShown ? this.#to : Math.max(...[...this.#visible].map(seqOf));
    if (last > 0) this.app.client.reads.mark(id, last);
  }

  /** Whether the last message of the list is on the screen: right after a jump the end is near, and not shown yet. */
  get #isLastShown() {
    let row = this.list.element.lastElementChild;
    while (row && !seqOf(row)) row = row.previousElementSibling;
    return row !== null && this.#visible.has(row);
  }

  /** @returns {number | undefined} the first unread message behind the read position */
  get #firstUnread() {
    return this.app.store.unreadAhead(this.#conversation ?? "")[0]?.[0];
  }

  /** The lowest seq on the screen; a line that stands for several replies counts from its first. */
  get #firstShown() {
    return Math.min(...[...this.#visible].map(firstSeqOf).filter((seq) => seq > 0));
  }

  /** The thread lies over the messages, as on a phone. */
  get #isCovered() {
    const panel = byId("thread");
    if (panel.hidden) return false;
    const { left, right } = panel.getBoundingClientRect();
    const own = this.scroller.getBoundingClientRect();
    const middle = (own.left + own.right) / 2;
    return left < middle && middle < right;
  }

  #showEdges() {
    for (const edge of /** @type {Edge[]} */ (["before", "after"])) {
      const place = edge === "before" ? this.list.element.firstElementChild : this.list.element.lastElementChild;
      if (!place?.matches(".edge")) continue;
      const failed = this.#edges[edge] === "failed";
      /** @type {HTMLElement} */ (place.querySelector("[data-slot=skeleton]")).hidden = failed;
      /** @type {HTMLElement} */ (place.querySelector("[data-slot=error]")).hidden = !failed;
    }
  }

  #showJump() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const far = this.#isBehind || scrollHeight - scrollTop - clientHeight > clientHeight / 2;
    this.#showUnreadBar();
    // Counted once: above, while what is new begins there.
    const unread = byId("unread-bar").hidden ? sizeOf(this.app.store.unreadAhead(this.#conversation ?? "")) : 0;
    byId("jump-button").hidden = !(far || (unread > 0 && !this.#isAtBottom)) || !this.#isReady;
    setText(byId("jump-label"), unread > 0 ? newMessages(unread) : gettext("Jump to the newest"));
  }

  /** Whether it is known what is on the screen: before that, nothing says where something unread lies. */
  get #isReady() {
    return !this.#loading && this.#to > 0 && this.#visible.size > 0;
  }

  /** Above the history: that something unread lies above what is on the screen, else that threads have unread replies. */
  #showUnreadBar() {
    const { store } = this.app;
    const id = this.#conversation ?? "";
    const ahead = store.unreadAhead(id);
    const isAbove = this.#isReady && ahead[0] !== undefined && ahead[0][0] < this.#firstShown;
    byId("unread-bar").hidden = !isAbove;
    if (isAbove) setText(byId("unread-label"), newMessages(sizeOf(ahead)));
    const replies = this.#isReady && !isAbove ? sizeOf(store.passedReplies(id)) : 0;
    byId("replies-bar").hidden = replies === 0;
    if (replies > 0)
      setText(byId("replies-label"), interpolate(ngettext("%(count)s new reply", "%(count)s new replies", replies), { count: replies }));
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #see(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#visible.add(target);
      else this.#visible.delete(target);
    }
    this.settle();
  }

  /** @param {HTMLElement} root */
  #forget(root) {
    this.observer.unobserve(root);
    this.#visible.delete(root);
  }

  /** @param {Record<string, any>} slots */
  #fillBeginning(slots) {
    const conversation = this.#current;
    if (!conversation) return;
    const name = conversationName(this.app.store, conversation);
    setIcon(slots.icon, conversationIcon(conversation));
    setText(slots.title, isChannel(conversation) ? `#${name}` : name);
    const channel = gettext("This is where the channel begins.");
    const direct = interpolate(gettext("This is where your messages with %(name)s begin. Nobody else sees them."), { name });
    setText(slots.text, isChannel(conversation) ? conversation.topic || channel : direct);
  }

  /** @param {string} id @param {number} from @param {number} to the seqs that stay */
  #trimStore(id, from, to) {
    const { thread } = this.app.router.route;
    this.app.store.trim(id, from, to, (message) => !!thread && (message.id === thread || message.thread === thread));
  }
}

/** @param {number} count */
function newMessages(count) {
  return interpolate(ngettext("%(count)s new message", "%(count)s new messages", count), { count });
}

/** @param {Element} element */
function seqOf(element) {
  return Number(/** @type {HTMLElement} */ (element).dataset.seq ?? 0);
}

/** @param {Element} element */
function firstSeqOf(element) {
  return Number(/** @type {HTMLElement} */ (element).dataset.first ?? seqOf(element));
}

/** @param {HTMLElement} element mark where a link led to, for a moment */
export function flash(element) {
  element.classList.remove("is-target");
  void element.offsetWidth; // restart the animation
  element.classList.add("is-target");
}
