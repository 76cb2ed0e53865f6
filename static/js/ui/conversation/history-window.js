/** @import {App} from "../shell/app.js" */
/** @import {Conversation, Message} from "../../client/types.js" */

import { PAGE } from "../../client/pages.js";
import { reach } from "./message-rows.js";

const MOST_SHOWN = 300; // messages in the document at once; a browser lays out more only with a noticeable pause
const CUT = 50; // messages dropped at once: each time rows are dropped, all others move and are painted again
const BEHIND = 20; // messages that the store may lack at the end before the page says that the conversation continues

/** @typedef {"before" | "after"} Edge */

/** The part of a conversation's history that is in the document: the messages `from`–`to`, both included. It knows no DOM. */
export class HistoryWindow {
  /** @type {string | null} */
  conversationId = null;
  from = 1;
  to = 0;
  /** @type {Record<Edge, "idle" | "loading" | "failed">} */
  edges = { before: "idle", after: "idle" };

  /** @param {App} app */
  constructor({ store, client }) {
    this.store = store;
    this.pages = client.pages;
  }

  /** @param {string | null} conversationId */
  reset(conversationId) {
    this.conversationId = conversationId;
    this.from = 1;
    this.to = 0;
  }

  /** @returns {Conversation | null} */
  get conversation() {
    return this.conversationId ? (this.store.conversations.get(this.conversationId) ?? null) : null;
  }

  /** @returns {Message[]} */
  get messages() {
    return this.store.between(this.conversationId ?? "", this.from, this.to);
  }

  get isEmpty() {
    return this.to === 0;
  }

  /** Whether the window ends with the newest message. */
  get isAtEnd() {
    return this.to >= (this.conversation?.last_seq ?? 0);
  }

  /** Whether the conversation continues so far below the window that the page says so. */
  get isBehind() {
    return (this.conversation?.last_seq ?? 0) - this.to > BEHIND;
  }

  /** Whether the store has about a page of messages around `seq`. @param {number} seq */
  isKnown(seq) {
    const { conversation } = this;
    if (!conversation || conversation.last_seq === 0) return true;
    const stretch = this.store.stretch(conversation.id, seq, PAGE / 2);
    if (!stretch) return false;
    const older = stretch.from <= seq - PAGE / 2 || this.pages.isStart(conversation.id, stretch.from);
    return older && (stretch.to >= seq + PAGE / 2 || stretch.to >= conversation.last_seq);
  }

  /** Fetch messages around `seq` into the store. Throws ApiError. @param {number} seq */
  async fetchAround(seq) {
    const { conversation } = this;
    if (!conversation) return;
    if (seq > conversation.last_seq - PAGE / 2) await this.pages.newest(conversation.id);
    if (!this.store.at(conversation.id, seq)) await this.pages.around(conversation.id, seq);
  }

  /** Show what the store has around `seq`, else what it has at the end of the conversation. @param {number} seq */
  openAt(seq) {
    const id = this.conversationId ?? "";
    const stretch = this.store.stretch(id, seq, 2 * PAGE) ?? this.store.stretch(id, this.conversation?.last_seq ?? 0, 2 * PAGE);
    this.from = stretch?.from ?? 1;
    this.to = stretch?.to ?? 0;
    this.edges = { before: "idle", after: "idle" };
  }

  /** @param {Edge} edge */
  hasMore(edge) {
    if (!this.conversationId || this.isEmpty) return false;
    return edge === "after" ? !this.isAtEnd : !this.pages.isStart(this.conversationId, this.from);
  }

  /** Whether the store lacks the message that follows the window. */
  get lacksNext() {
    return !this.isAtEnd && !this.store.at(this.conversationId ?? "", this.to + 1);
  }

  /** Fetch the next page at an edge if the store lacks it. Throws ApiError. @param {Edge} edge */
  async fetch(edge) {
    const id = this.conversationId ?? "";
    if (edge === "before" && !this.store.at(id, this.from - 1)) await this.pages.before(id, this.from);
    if (edge === "after" && !this.store.at(id, this.to + 1)) await this.pages.after(id, this.to);
  }

  /** Extend the window by a page at one edge, and drop what is too much at the other. @param {Edge} edge */
  slide(edge) {
    const stretch = this.store.stretch(this.conversationId ?? "", edge === "before" ? this.from : this.to, PAGE);
    if (!stretch) return;
    if (edge === "before") this.from = Math.min(this.from, stretch.from);
    else this.to = Math.max(this.to, stretch.to);
    this.#shrink(edge);
  }

  /** Extend the window by messages that arrived at its end. @param {boolean} isAtBottom whether the member is at the end of the list */
  follow(isAtBottom) {
    const id = this.conversationId ?? "";
    const stretch = this.store.stretch(id, this.to || this.conversation?.last_seq || 0);
    if (!stretch) return;
    if (this.isEmpty) this.from = stretch.from;
    if (isAtBottom) {
      this.to = stretch.to;
      this.#shrink("after");
    } else {
      // The member reads far above: keep what is there, and add below only what fits.
      const last = reach(this.store.between(id, this.from, stretch.to), MOST_SHOWN, "first");
      this.to = Math.max(this.to, last ?? stretch.to);
    }
  }

  /**
   * The store may forget history when a sync skips very many changes. Narrow the window to what the store still has.
   *
   * @param {{from: number, to: number}} visible
   * @returns {boolean} false when some of the visible messages are gone from the store; the window is unchanged then
   */
  narrow(visible) {
    if (this.isEmpty) return true;
    const stretch = this.store.stretch(this.conversationId ?? "", visible.to);
    if (!stretch || stretch.from > visible.from) return false;
    this.from = Math.max(this.from, stretch.from);
    this.to = Math.min(this.to, stretch.to);
    return true;
  }

  /** Drop messages at the edge opposite to the one that grew. @param {Edge} grown */
  #shrink(grown) {
    const messages = this.to - this.from < MOST_SHOWN ? [] : this.messages;
    const end = grown === "before" ? "first" : "last";
    if (reach(messages, MOST_SHOWN, end) !== null) {
      const last = reach(messages, MOST_SHOWN - CUT, end);
      if (grown === "before") this.to = last ?? this.to;
      else this.from = last ?? this.from;
    }
    this.edges[grown === "before" ? "after" : "before"] = "idle";
  }
}
