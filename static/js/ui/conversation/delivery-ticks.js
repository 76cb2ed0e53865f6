/** @import {App} from "../shell/app.js" */
/** @import {Message} from "../../client/types.js" */

import { ApiError } from "../../client/api.js";
import { byId, clone, everyFrame, setIcon, setText } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { isCutOff } from "./changes.js";
import { isGone } from "./message.js";

const SOON = 2_000; // milliseconds before the first request: messages sent one after the other cause one request
const LATEST = 60_000; // milliseconds; the pause between two requests doubles up to this
const MOST_ASKED = 12; // requests for one message, unless somebody writes: about eight minutes
const MOST_PEOPLE = 50; // the server looks at each participant; in a larger conversation the member asks by a press
const LOOKED_BACK = 100; // messages in which the member's last one is looked for

/** @typedef {{delivered: number, read: number, all: number}} Counts */

/**
 * The mark on the member's last message of the open conversation: waiting, sent, delivered or read. The server sends no event
 * for that, so it is asked while the mark is on the page: at growing pauses, and anew when somebody else writes.
 */
export class DeliveryTicks {
  /** @type {Map<string, Counts>} by message; only of the one that has the mark */
  #counts = new Map();
  #asked = 0;
  #seq = 0; // of the newest message of the conversation when it was last rendered
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const { root, slots } = clone("delivery-ticks");
    this.button = root;
    this.slots = slots;
    this.list = byId("messages");
    this.render = everyFrame(() => this.#render());
    app.store.observe((changes) => (changes.histories.size || changes.conversations.size) && this.render());
    app.client.outbox.observe(this.render);
    app.client.stream.observe(this.render);
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#restart());
    new MutationObserver(this.render).observe(this.list, { childList: true });
  }

  /** @param {string | undefined} conversation that is open now */
  setConversation(conversation) {
    this.conversation = conversation;
    this.render();
  }

  #render() {
    const id = this.conversation ?? "";
    const entry = this.app.client.outbox.entries(id).findLast(({ thread }) => !thread);
    const message = entry ? undefined : this.#last(id);
    const row = this.list.querySelector(`.message[data-${entry ? "ref" : "message"}="${entry?.ref ?? message?.id}"]`);
    if (!row || entry?.state === "failed") {
      this.#hide();
      return;
    }
    if (this.button.parentElement !== row) row.append(this.button);
    if (message) this.#showMessage(message);
    else this.#show("clock", isCutOff(this.app) ? gettext("Waiting for the connection") : gettext("Sending"), "");
  }

  #hide() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.button.remove();
  }

  /** @param {string} id @returns {Message | undefined} the member's last message in the main line */
  #last(id) {
    const { last_seq } = this.app.store.conversations.get(id) ?? { last_seq: 0 };
    const recent = this.app.store.between(id, Math.max(1, last_seq - LOOKED_BACK), last_seq);
    return recent.findLast((message) => message.author === this.app.store.me && !message.thread && !isGone(message));
  }

  /** @param {Message} message */
  #showMessage(message) {
    const { last_seq } = this.app.store.conversations.get(message.conversation) ?? { last_seq: 0 };
    if (!this.#counts.has(message.id)) this.#counts.clear();
    if (last_seq !== this.#seq) this.#askSoon();
    this.#seq = last_seq;
    const { delivered, read, all } = this.#counts.get(message.id) ?? { delivered: 0, read: 0, all: 0 };
    if (read > 0)
      this.#show("checks", interpolate(gettext("Read by %(count)s of %(all)s"), { count: read, all }), all > 1 ? String(read) : "", true);
    else if (delivered > 0) this.#show("checks", interpolate(gettext("Delivered to %(count)s of %(all)s"), { count: delivered, all }), "");
    else this.#show("check", gettext("Sent"), "");
    if (read < all || all === 0) this.#plan(message);
  }

  /** @param {string} icon @param {string} label @param {string} count @param {boolean} [isRead] */
  #show(icon, label, count, isRead = false) {
    setIcon(this.slots.icon, icon);
    setText(this.slots.count, count);
    this.button.classList.toggle("is-read", isRead);
    this.button.title = label;
    this.button.setAttribute("aria-label", label);
  }

  #restart() {
    this.#askSoon();
    this.render();
  }

  /** Begin anew with short pauses. */
  #askSoon() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked = 0;
  }

  /** @param {Message} message whose receipts are asked for after a pause */
  #plan({ id, conversation }) {
    if (this.#timer || this.#asked >= MOST_ASKED || this.#peopleIn(conversation) > MOST_PEOPLE) return;
    this.#timer = setTimeout(() => void this.#ask(id), Math.min(LATEST, SOON * 2 ** this.#asked));
  }

  /** @param {string} conversation */
  #peopleIn(conversation) {
    const { people = [] } = this.app.store.conversations.get(conversation) ?? {};
    return this.app.client.participantCounts.get(conversation) ?? people.length;
  }

  /** @param {string} id of the message */
  async #ask(id) {
    this.#timer = undefined;
    if (this.button.parentElement?.getAttribute("data-message") !== id || document.visibilityState !== "visible") return;
    this.#asked += 1;
    try {
      /** @type {{delivered: {delivered: boolean}[], read: string[]}} */
      const { delivered, read } = await this.app.client.api.get(`messages/${id}/receipts`);
      this.#counts.set(id, { delivered: delivered.filter((one) => one.delivered).length, read: read.length, all: delivered.length });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // asked again after the next pause
    }
    this.render();
  }
}
