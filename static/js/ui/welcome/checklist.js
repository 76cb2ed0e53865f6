/** @import {App} from "../shell/app.js" */

import { ApiError } from "../../client/api.js";
import { byId, clone, everyFrame, setText } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { explain, toast } from "../lib/toast.js";
import { areAllowed } from "../shell/notifications.js";
import { saveStart, startOf, stepsOf } from "./start.js";

const WELCOME_CHANNELS = 2; // #general and #random, which everybody joins

/** What is left of the first steps, in #general until everything is done or the member dismisses it. */
export class Checklist {
  /** @type {string | undefined} */
  #conversation;

  /** @param {App} app @param {(step: any) => void} openStep of the dialog */
  constructor(app, openStep) {
    this.app = app;
    const { root, slots } = clone("checklist");
    this.root = root;
    this.slots = slots;
    root.hidden = true;
    byId("warnings").before(root);
    slots.dismiss.addEventListener("click", () => void this.#dismiss());
    root.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const task = event.target instanceof Element ? event.target.closest("[data-task]") : null;
      if (task instanceof HTMLElement) this.#begin(task.dataset.task ?? "", openStep);
    });
    this.render = everyFrame(() => this.#render());
    app.store.observe(() => this.render());
    document.addEventListener("parley:notifications", () => this.render());
    this.render();
  }

  /** @param {string | undefined} conversation the one that is open */
  setConversation(conversation) {
    this.#conversation = conversation;
    this.render();
  }

  #render() {
    const { store } = this.app;
    const open = store.conversations.get(this.#conversation ?? "");
    this.root.hidden = startOf(this.app) !== "checklist" || open?.name !== "general";
    if (this.root.hidden) return;
    const done = this.#done();
    const items = [...this.root.querySelectorAll("[data-item]")].map((one) => /** @type {HTMLElement} */ (one));
    const shown = items.filter((item) => (item.dataset.item ?? "") in done);
    for (const item of items) item.hidden = !shown.includes(item);
    for (const item of shown) {
      const isDone = Boolean(done[item.dataset.item ?? ""]);
      item.classList.toggle("is-done", isDone);
      const mark = /** @type {HTMLElement} */ (item.querySelector("[data-done]"));
      mark.hidden = !isDone;
    }
    const count = shown.filter((item) => item.classList.contains("is-done")).length;
    setText(this.slots.count, interpolate(gettext("%(done)s of %(count)s done"), { done: count, count: shown.length }));
  }

  /** @returns {Record<string, boolean>} by item; what the member may not do is missing */
  #done() {
    const { store, config } = this.app;
    const own = [...store.conversations.values()].filter((one) => store.ownParticipant(one.id));
    /** @type {Record<string, boolean>} */
    const done = {
      name: Boolean(store.members.get(store.me)?.title),
      invite: store.members.size > 1,
      channels: own.filter((one) => one.kind === "public" || one.kind === "private").length > WELCOME_CHANNELS,
      notifications: areAllowed(),
    };
    const steps = Object.fromEntries(stepsOf(this.app).map((step) => [step, done[step] ?? false]));
    const notes = own.some((one) => one.kind === "direct" && one.people.every((id) => id === store.me));
    /** @type {Record<string, boolean>} */
    const more = config.rights.includes("start_direct") ? { guide: notes } : {};
    return { ...steps, message: [...store.messages.values()].some((one) => one.author === store.me), ...more };
  }

  /** @param {string} task @param {(step: string) => void} openStep */
  #begin(task, openStep) {
    if (task === "message") this.#focusComposer();
    else if (task === "guide") void this.app.run("message-to", this.app.store.me);
    else openStep(task);
  }

  #focusComposer() {
    const field = document.querySelector("#composer-dock textarea");
    if (field instanceof HTMLElement) field.focus();
  }

  async #dismiss() {
    try {
      await saveStart(this.app, "done");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(explain(error));
    }
  }
}
