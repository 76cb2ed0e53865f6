/** @import {App} from "../shell/app.js" */

import { byId, clone, everyFrame, setText } from "../lib/dom.js";
import { toast } from "../lib/toast.js";
import { changesOn, refusalOf } from "./changes.js";

/** Bars above the composer for refused changes of the open conversation, and notes about refused changes elsewhere. */
export class RefusedChanges {
  /** @type {string | undefined} */
  #conversation;
  /** @type {Set<string>} refs of which the member knows */
  #known = new Set();

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.render = everyFrame(() => this.#render());
    app.client.outbox.observe((conversation, change) => {
      if (conversation === this.#conversation) this.render();
      else if (change?.state === "failed" && change.error && !this.#known.has(change.ref)) {
        this.#known.add(change.ref);
        toast(refusalOf([change]));
      }
    });
  }

  /** @param {string | undefined} conversation that is open now */
  setConversation(conversation) {
    this.#conversation = conversation;
    this.render();
  }

  #render() {
    const { refused } = changesOn(this.app, this.#conversation ?? "");
    byId("refused-changes").replaceChildren(...refused.map((change) => this.#bar(change)));
  }

  /** @param {import("../../client/changes.js").Change} change */
  #bar(change) {
    const { root, slots } = clone("refused-change");
    const { outbox } = this.app.client;
    setText(slots.text, refusalOf([change]));
    slots.retry.addEventListener("click", () => outbox.retry(change.ref));
    slots.discard.addEventListener("click", () => outbox.discard(change.ref));
    return root;
  }
}
