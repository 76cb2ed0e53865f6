/** @import {App} from "./app.js" */
/** @import {Changes} from "../../client/store/entities.js" */

import { excerpt, isGone } from "../conversation/message.js";
import { byId, setText } from "../lib/dom.js";
import { interpolate, ngettext } from "../lib/i18n.js";
import { conversationTitle, memberName } from "../lib/names.js";

const QUIET = 3_000; // milliseconds between two announcements to a screen reader

/** Announces new messages of the open conversation to screen readers. Several at once become one sentence. */
export class Announcer {
  /** @type {string[]} message ids */
  #waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {string | undefined} the open conversation */
  #conversation;
  #announced = 0; // the seq up to which messages are announced, or were there before: older pages must not be announced

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    app.store.observe((changes) => this.#onChanges(changes));
  }

  /** @param {string | undefined} conversation the one that is open now */
  setConversation(conversation) {
    if (conversation === this.#conversation) return;
    this.#conversation = conversation;
    this.#announced = this.app.store.conversations.get(conversation ?? "")?.last_seq ?? 0;
    this.#waiting = [];
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    for (const id of changes.messages) {
      const message = this.app.store.messages.get(id);
      if (!message || message.conversation !== this.#conversation || message.seq <= this.#announced) continue;
      this.#announced = Math.max(this.#announced, message.seq);
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
    const conversation = this.app.store.conversations.get(this.#conversation ?? "");
    const name = conversation ? conversationTitle(this.app.store, conversation) : "";
    return interpolate(ngettext("%(count)s new message in %(name)s", "%(count)s new messages in %(name)s", count), { count, name });
  }

  /** @param {import("../../client/types.js").Message | undefined} message */
  #sentence(message) {
    return message ? `${memberName(this.app.store, message.author)}: ${excerpt(message.html)}` : "";
  }
}
