/** @import {App} from "./app.js" */
/** @import {Changes} from "../../client/store.js" */

import { excerpt, isGone } from "../conversation/message.js";
import { byId, setText } from "../lib/dom.js";
import { interpolate, ngettext } from "../lib/i18n.js";
import { conversationTitle, memberName } from "../lib/names.js";

const QUIET = 3_000; // milliseconds between two announcements to a screen reader

/** Reads new messages of the open conversation to who cannot see them; many at once become one sentence. */
export class Announcer {
  /** @type {string[]} message ids */
  #waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {string | undefined} the open conversation */
  #place;
  #seen = 0; // the seq of its newest message that is no news: paging in what is older must not be announced

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    app.store.observe((changes) => this.#onChanges(changes));
  }

  /** @param {string | undefined} conversation the one that is open now */
  setPlace(conversation) {
    if (conversation === this.#place) return;
    this.#place = conversation;
    this.#seen = this.app.store.conversations.get(conversation ?? "")?.last_seq ?? 0;
    this.#waiting = [];
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    for (const id of changes.messages) {
      const message = this.app.store.messages.get(id);
      if (!message || message.conversation !== this.#place || message.seq <= this.#seen) continue;
      this.#seen = Math.max(this.#seen, message.seq);
      if (message.author !== this.app.store.me) this.#waiting.push(message.id);
    }
    if (this.#waiting.length && !this.#timer) this.#timer = setTimeout(() => this.#speak(), QUIET / 3);
  }

  #speak() {
    const messages = this.#waiting
      .map((id) => this.app.store.messages.get(id))
      .filter((message) => message !== undefined && !isGone(message));
    this.#waiting = [];
    setText(byId("announcer"), messages.length > 1 ? this.#summary(messages.length) : this.#sentence(messages[0]));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.length) this.#speak();
    }, QUIET);
  }

  /** @param {number} count */
  #summary(count) {
    const conversation = this.app.store.conversations.get(this.#place ?? "");
    const name = conversation ? conversationTitle(this.app.store, conversation) : "";
    return interpolate(ngettext("%(count)s new message in %(name)s", "%(count)s new messages in %(name)s", count), { count, name });
  }

  /** @param {import("../../client/types.js").Message | undefined} message */
  #sentence(message) {
    return message ? `${memberName(this.app.store, message.author)}: ${excerpt(message.html)}` : "";
  }
}
