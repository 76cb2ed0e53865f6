/** @import {App} from "./app.js" */
/** @import {Changes} from "../client/store.js" */
/** @import {Message} from "../client/types.js" */

import { ApiError } from "../client/api.js";
import { byId, clone, setText } from "./dom.js";
import { fillAvatar, fullDate, writeTime } from "./format.js";
import { setMessageHtml } from "./html.js";
import { gettext } from "./i18n.js";
import { isMention } from "./levels.js";
import { enrich, isGone } from "./message.js";
import { conversationTitle, memberName } from "./names.js";
import { explain } from "./toast.js";

const PAGE = 30; // messages asked for at once
const NEWS = 800; // milliseconds in which news are gathered before the first page is asked for again

/** Messages that name the member, and replies in the threads that they started or wrote in; newest first. */
export class Mentions {
  /** @type {Message[]} newest first */
  #messages = [];
  /** @type {string | null} */
  #next = null;
  #asked = 0;
  #timer = 0;
  #kept = "all";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLElement} */
    this.section = byId("mentions");
    byId("mentions-more").addEventListener("click", () => void this.#load());
    byId("mentions-filter").addEventListener("change", (/** @type {Event} */ event) => {
      this.#kept = /** @type {HTMLInputElement} */ (event.target).value;
      this.#render();
    });
    byId("mentions-read").addEventListener("click", () => this.#markRead());
    app.store.observe((changes) => this.#onChanges(changes));
  }

  async open() {
    this.#render();
    await this.#load({ anew: true });
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    if (this.section.hidden) return;
    if (changes.participants.size || changes.members.size) this.#render();
    const { store } = this.app;
    const touched = [...changes.messages].map((id) => store.messages.get(id)).filter((message) => message !== undefined);
    if (!touched.some((message) => message.thread || isMention(store, message) || this.#messages.some(({ id }) => id === message.id))) return;
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      void this.#load({ anew: true });
    }, NEWS);
  }

  /** @param {{anew?: boolean}} [options] */
  async #load({ anew = false } = {}) {
    const turn = (this.#asked += 1);
    const next = anew ? null : this.#next;
    if (this.#messages.length === 0) setText(byId("mentions-status"), gettext("Loading…"));
    try {
      const answer = await (next ? this.app.client.api.get(next) : this.app.client.api.get("mentions", { limit: PAGE }));
      if (turn !== this.#asked) return;
      const found = [...answer.results].reverse();
      void this.app.client.meet(found.map(({ author }) => author));
      this.#messages = anew ? found : [...this.#messages, ...found];
      this.#next = answer.next && new URL(answer.next, location.href).pathname + new URL(answer.next, location.href).search;
      setText(byId("mentions-status"), "");
      this.#render();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#asked) setText(byId("mentions-status"), explain(error));
    }
  }

  #render() {
    if (this.section.hidden) return;
    const shown = this.#messages.filter((message) => this.#kept === "all" || isMention(this.app.store, message) === (this.#kept === "mentions"));
    byId("mentions-list").replaceChildren(...shown.map((message) => this.#item(message)));
    byId("mentions-more").hidden = !this.#next;
    byId("mentions-empty").hidden = shown.length > 0 || byId("mentions-status").textContent !== "";
    byId("mentions-read").hidden = !this.#messages.some((message) => this.#isUnread(message));
  }

  /** @param {Message} message */
  #item(message) {
    const { root, slots } = clone("mention");
    const { store, router } = this.app;
    const conversation = store.conversations.get(message.conversation);
    slots.link.href = router.path(message.conversation, message.seq, message.thread ?? undefined);
    fillAvatar(slots.avatar, store.members.get(message.author));
    setText(slots.author, memberName(store, message.author));
    setText(slots.place, conversation ? conversationTitle(store, conversation) : gettext("in a channel you are not in"));
    setText(slots.why, isMention(store, message) ? "" : gettext("replied in a thread"));
    writeTime(slots.time, message.created_at);
    slots.time.dateTime = message.created_at;
    slots.time.title = fullDate(message.created_at);
    if (isGone(message)) setText(slots.text, message.deleted_at ? gettext("This message was deleted.") : gettext("Hidden by a moderator"));
    else {
      setMessageHtml(slots.text, message.html);
      enrich(this.app, slots.text);
    }
    root.classList.toggle("is-unread", this.#isUnread(message));
    slots.unread.hidden = !this.#isUnread(message);
    return root;
  }

  /** @param {Message} message */
  #isUnread(message) {
    const { store } = this.app;
    return store.ownSeat(message.conversation) !== undefined && message.seq > store.readUpTo(message.conversation);
  }

  #markRead() {
    const { client, store } = this.app;
    const unread = this.#messages.filter((message) => this.#isUnread(message));
    store.batch(() => unread.forEach(({ conversation, seq }) => client.reads.mark(conversation, seq)));
  }
}
