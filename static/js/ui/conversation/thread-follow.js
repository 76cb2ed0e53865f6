/** @import {App} from "../shell/app.js" */
/** @import {Message} from "../../client/types.js" */

import { ApiError } from "../../client/api.js";
import { followsThread } from "../../client/reading.js";
import { byId, setText } from "../lib/dom.js";
import { gettext } from "../lib/i18n.js";
import { explain, toast } from "../lib/toast.js";

/** The button of the thread panel that follows the thread, or stops. */
export class FollowButton {
  /** @type {Message | undefined} */
  #head;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLButtonElement} */
    this.button = byId("thread-follow");
    this.button.addEventListener("click", () => this.#head && void follow(app, this.#head.id, !this.#follows));
  }

  /** @param {Message} head @param {Message[]} replies @param {boolean} participates */
  show(head, replies, participates) {
    this.#head = head;
    const { store } = this.app;
    const follows = followsThread(store.me, [head, ...replies], store.entities.subscriptions.get(head.id));
    this.button.hidden = !participates;
    this.button.setAttribute("aria-pressed", String(follows));
    this.button.title = follows ? gettext("You are notified of replies") : gettext("Be notified of replies");
    setText(this.button, follows ? gettext("Following") : gettext("Follow"));
  }

  get #follows() {
    return this.button.getAttribute("aria-pressed") === "true";
  }
}

/** Follow a thread, or stop. A refusal is shown. @param {App} app @param {string} head @param {boolean} follows */
export async function follow({ client, store }, head, follows) {
  try {
    store.putEntity("subscription", await client.api.put(`messages/${head}/subscription`, { follows }));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(explain(error));
  }
}
