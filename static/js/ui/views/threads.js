/** @import {App} from "../shell/app.js" */
/** @import {Changes} from "../../client/store/entities.js" */
/** @import {Message} from "../../client/types.js" */

import { ApiError } from "../../client/api.js";
import { enrich, isGone } from "../conversation/message.js";
import { follow } from "../conversation/thread-follow.js";
import { byId, clone, setText } from "../lib/dom.js";
import { fillAvatar, fullDate, listOf, writeTime } from "../lib/format.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { LoadFailure } from "../lib/load-failure.js";
import { conversationTitle, memberName } from "../lib/names.js";
import { setMessageHtml } from "../lib/trusted-html.js";

const PAGE = 20; // threads asked for at once
const PAUSE = 800; // milliseconds in which changes are collected before the first page is fetched again

/** @typedef {{head: Message, replies: Message[]}} FollowedThread with its newest replies, oldest first */

/** The threads that the member follows, the one with the newest reply first. */
export class Threads {
  /** @type {FollowedThread[]} */
  #threads = [];
  /** @type {string | null} */
  #next = null;
  #asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLElement} */
    this.section = byId("threads");
    this.section.prepend(clone("threads-styles").root);
    this.failure = new LoadFailure(app, byId("threads-status"), () => this.#load({ anew: true }));
    byId("threads-more").addEventListener("click", () => void this.#load());
    byId("threads-read").addEventListener("click", () => this.#markAll());
    app.store.observe((changes) => this.#onChanges(changes));
  }

  async open() {
    this.#render();
    await this.#load({ anew: true });
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    if (this.section.hidden) return;
    if (changes.participants.size || changes.members.size || changes.attention.size) this.#render();
    const threads = new Set(this.#threads.map(({ head }) => head.id));
    const concerns = [...changes.messages].some((id) => this.#isOf(threads, id));
    if (concerns || changes.attention.size) this.#timer ||= setTimeout(() => this.#refresh(), PAUSE);
  }

  /** @param {Set<string>} threads @param {string} id of a message */
  #isOf(threads, id) {
    return threads.has(id) || threads.has(this.app.store.messages.get(id)?.thread ?? "");
  }

  #refresh() {
    this.#timer = undefined;
    void this.#load({ anew: true });
  }

  /** @param {{anew?: boolean}} [options] */
  async #load({ anew = false } = {}) {
    const turn = (this.#asked += 1);
    const next = anew ? null : this.#next;
    if (this.#threads.length === 0) setText(byId("threads-status"), gettext("Loading…"));
    try {
      const answer = await (next ? this.app.client.api.get(next) : this.app.client.api.get("threads", { limit: PAGE }));
      if (turn !== this.#asked) return;
      this.#take(answer, anew);
      setText(byId("threads-status"), "");
      this.failure.hide();
      this.#render();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#asked) this.#fail(error);
    }
  }

  /** @param {ApiError} error */
  #fail(error) {
    setText(byId("threads-status"), "");
    this.failure.show(error);
    this.#render();
  }

  /** @param {{results: FollowedThread[], next: string | null}} answer @param {boolean} anew */
  #take({ results, next }, anew) {
    const found = [...results].reverse();
    void this.app.client.meet(found.flatMap(({ head, replies }) => [head, ...replies].map(({ author }) => author)));
    this.#threads = anew ? found : [...this.#threads, ...found];
    this.#next = next && new URL(next, location.href).pathname + new URL(next, location.href).search;
  }

  #render() {
    if (this.section.hidden) return;
    byId("threads-list").replaceChildren(...this.#threads.map((thread) => this.#item(thread)));
    byId("threads-more").hidden = !this.#next;
    byId("threads-empty").hidden = this.#threads.length > 0 || byId("threads-status").textContent !== "" || !this.failure.root.hidden;
    byId("threads-read").hidden = !this.#threads.some((thread) => this.#unread(thread) > 0);
  }

  /** @param {FollowedThread} thread */
  #item(thread) {
    const { root, slots } = clone("thread-item");
    const { store, router } = this.app;
    const { head, replies } = thread;
    const conversation = store.conversations.get(head.conversation);
    const unread = this.#unread(thread);
    slots.link.href = router.path(head.conversation, undefined, head.id);
    setText(slots.conversation, conversation ? conversationTitle(store, conversation) : "");
    setText(slots.people, this.#names([head, ...replies]));
    root.classList.toggle("is-unread", unread > 0);
    slots.badge.hidden = slots.read.hidden = unread === 0;
    setText(slots.count, String(unread));
    slots.read.addEventListener("click", () => this.#mark(thread));
    slots.unfollow.addEventListener("click", () => void this.#unfollow(head));
    const hidden = head.reply_count - replies.length;
    slots.messages.append(this.#line(head), ...(hidden > 0 ? [moreLine(hidden)] : []), ...replies.map((reply) => this.#line(reply)));
    return root;
  }

  /** Stop following a thread. It leaves the list, and comes back when it concerns the member again. @param {Message} head */
  async #unfollow({ id }) {
    await follow(this.app, id, false);
    if (this.app.store.entities.subscriptions.get(id)?.follows !== false) return; // it was refused
    this.#threads = this.#threads.filter(({ head }) => head.id !== id);
    this.#render();
    byId("threads-body").focus();
  }

  /** @param {Message} message */
  #line(message) {
    const { root, slots } = clone("thread-line");
    fillAvatar(slots.avatar, this.app.store.members.get(message.author));
    setText(slots.author, memberName(this.app.store, message.author));
    writeTime(slots.time, message.created_at);
    slots.time.dateTime = message.created_at;
    slots.time.title = fullDate(message.created_at);
    if (message.expired) setText(slots.text, gettext("This message has expired."));
    else if (isGone(message))
      setText(slots.text, message.deleted_at ? gettext("This message was deleted.") : gettext("Hidden by a moderator"));
    else {
      setMessageHtml(slots.text, message.html);
      enrich(this.app, slots.text);
    }
    return root;
  }

  /** @param {Message[]} messages @returns {string} their authors, the member last */
  #names(messages) {
    const { store } = this.app;
    const others = new Set(messages.map(({ author }) => author).filter((id) => id !== store.me));
    const own = messages.some(({ author }) => author === store.me) ? [gettext("you")] : [];
    return listOf([...[...others].map((id) => memberName(store, id)), ...own]);
  }

  /** @param {FollowedThread} thread how many of its replies are unread, as far as the page knows */
  #unread({ head, replies }) {
    const { store } = this.app;
    const seqs = new Set(replies.filter((reply) => store.isUnread(reply)).map(({ seq }) => seq));
    for (const one of store.entities.attention.values())
      if (one.thread === head.id && !one.withdrawn_at && store.isUnread(one)) seqs.add(one.seq);
    return seqs.size;
  }

  /** @param {FollowedThread} thread */
  #mark({ head, replies }) {
    const { client, store } = this.app;
    const concerning = [...store.entities.attention.values()].filter((one) => one.thread === head.id).map(({ seq }) => seq);
    client.reads.markThread(head.conversation, head.id, Math.max(...replies.map(({ seq }) => seq), ...concerning));
  }

  #markAll() {
    this.app.store.batch(() => this.#threads.filter((thread) => this.#unread(thread) > 0).forEach((thread) => this.#mark(thread)));
  }
}

/** @param {number} count */
function moreLine(count) {
  const { root } = clone("thread-more");
  setText(root, interpolate(ngettext("%(count)s earlier reply", "%(count)s earlier replies", count), { count }));
  return root;
}
