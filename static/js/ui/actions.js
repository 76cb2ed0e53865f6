/** @import {App} from "./app.js" */
/** @import {MessageList} from "./messagelist.js" */
/** @import {MessageNode} from "./message.js" */
/** @import {Message} from "../client/types.js" */

import { ApiError } from "../client/api.js";
import { confirm } from "./dialog.js";
import { byId, clone } from "./dom.js";
import { editMessage } from "./editor.js";
import { pickEmoji } from "./emoji.js";
import { gettext } from "./i18n.js";
import { openMenu } from "./menu.js";
import { explain, toast } from "./toast.js";

/** @type {Record<string, string>} what a key does on the message that has the focus */
const KEYS = { e: "edit", r: "reply", "+": "react", l: "link", Delete: "delete", Enter: "reply" };

/** What can be done with the messages of a list: by the bar that follows the pointer and the focus, by menu, by key. */
export class MessageActions {
  /** @type {MessageNode | undefined} the one that the bar stands at */
  #at;

  /** @param {App} app @param {MessageList} list @param {{inThread?: boolean}} [options] */
  constructor(app, list, { inThread = false } = {}) {
    this.app = app;
    this.list = list;
    this.inThread = inThread;
    this.toolbar = clone("toolbar").root;
    const { element } = list;
    element.addEventListener("pointerover", (event) => event.pointerType !== "touch" && this.#follow(event.target));
    element.addEventListener("focusin", (event) => this.#follow(event.target));
    element.addEventListener("pointerleave", () => this.#unfollow());
    element.addEventListener("click", (event) => void this.#onClick(event));
    element.addEventListener("keydown", (event) => this.#onKey(event));
    this.#follow(element.querySelector(".message:hover")); // the pointer may have been there before this was fetched
  }

  /** @param {MessageNode} node @param {string} action @param {HTMLElement} origin where a menu is placed */
  async run(node, action, origin) {
    const message = node.row?.message;
    const entry = node.row?.entry;
    if (entry && action === "retry") this.app.client.outbox.retry(entry.ref);
    if (entry && action === "discard") this.app.client.outbox.discard(entry.ref);
    if (!message || (message.deleted_at && action !== "link" && action !== "reply")) return;
    if (action === "more") this.#openMore(node, origin);
    if (action === "edit" && this.#may("edit", message)) editMessage(this.app, node);
    if (action === "reply") this.#openThread(message);
    if (action === "react" && this.#may("react", message)) this.#react(message, origin);
    if (action === "link") await this.#copyLink(message);
    if (action === "delete" && this.#may("delete", message)) await this.#delete(message);
  }

  /** @param {string} action @param {Message} message */
  #may(action, message) {
    const { store, config } = this.app;
    const takesPart = store.ownSeat(message.conversation) !== undefined;
    const open = takesPart && !store.conversations.get(message.conversation)?.archived_at && !message.deleted_at;
    const mine = message.author === store.me;
    if (action === "edit") return open && mine;
    if (action === "delete") return open && (mine || config.rights.includes("moderate"));
    return open;
  }

  /** @param {EventTarget | null} target */
  #follow(target) {
    const node = this.list.nodeOf(target);
    if (!node || node === this.#at) return;
    const message = node.row?.message;
    this.#at = node;
    if (!message || message.deleted_at) {
      this.toolbar.remove();
      return;
    }
    this.#showAllowed(this.toolbar, message);
    node.root.append(this.toolbar);
  }

  #unfollow() {
    if (this.toolbar.contains(document.activeElement) || this.toolbar.querySelector("[aria-expanded=true]")) return;
    this.#at = undefined;
    this.toolbar.remove();
  }

  /** @param {HTMLElement} place @param {Message} message hide what the member may not do */
  #showAllowed(place, message) {
    for (const action of ["edit", "delete", "react"]) {
      const button = /** @type {HTMLElement | null} */ (place.querySelector(`[data-action=${action}]`));
      if (button) button.hidden = !this.#may(action, message);
    }
    const reply = /** @type {HTMLElement | null} */ (place.querySelector("[data-action=reply]"));
    if (reply) reply.hidden = this.inThread;
  }

  /** @param {MouseEvent} event */
  async #onClick(event) {
    const target = /** @type {Element} */ (event.target);
    const node = this.list.nodeOf(target);
    const button = /** @type {HTMLElement | null} */ (target.closest("button"));
    if (!node || !button) return;
    if (button.matches(".copy-code")) await copy(button.previousElementSibling?.textContent ?? "", gettext("Code copied."));
    else if (button.matches(".reaction")) await this.#toggle(node.row?.message, button.dataset.emoji ?? "");
    else if (button.matches(".message-context")) this.#go(node.row?.message?.conversation, button.dataset.thread);
    else if (button.dataset.action) await this.run(node, button.dataset.action, button);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const node = this.list.nodeOf(event.target);
    if (!node || event.target !== node.root || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step !== undefined) {
      if (this.list.moveFocus(step)) event.preventDefault();
      return;
    }
    const action = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    void this.run(node, action, node.root);
  }

  /** @param {MessageNode} node @param {HTMLElement} button */
  #openMore(node, button) {
    const menu = byId("message-menu");
    const message = /** @type {Message} */ (node.row?.message);
    this.#showAllowed(menu, message);
    menu.onclick = (/** @type {MouseEvent} */ event) => {
      const item = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-action]"));
      if (!item) return;
      menu.hidePopover();
      void this.run(node, item.dataset.action ?? "", button);
    };
    openMenu(menu, button);
  }

  /** @param {Message} message @param {HTMLElement} origin */
  #react(message, origin) {
    pickEmoji(origin, (emoji) => void this.#toggle(message, emoji));
  }

  /** @param {Message | undefined} message @param {string} emoji */
  async #toggle(message, emoji) {
    if (!message || !this.#may("react", message)) return;
    await orToast(() => this.app.client.toggleReaction(message, emoji));
  }

  /** @param {Message} message */
  async #delete(message) {
    const title = gettext("Delete this message?");
    const text = gettext("A note that it was deleted stays in its place. This cannot be undone.");
    if (await confirm({ title, text, yes: gettext("Delete") })) await orToast(() => this.app.client.remove(message));
  }

  /** @param {Message} message */
  async #copyLink(message) {
    const path = this.app.router.path(message.conversation, message.seq, message.thread ?? undefined);
    await copy(new URL(path, location.href).href, gettext("Link copied."));
  }

  /** @param {Message} message */
  #openThread(message) {
    if (!this.inThread) this.#go(message.conversation, message.thread ?? message.id);
  }

  /** @param {string | undefined} conversation @param {string | undefined} thread */
  #go(conversation, thread) {
    const { route, ...router } = { route: this.app.router.route, path: this.app.router.path.bind(this.app.router) };
    const id = conversation ?? route.conversation;
    if (id && thread) this.app.router.go(router.path(id, undefined, thread));
  }
}

/** @param {string} text @param {string} done */
async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast(gettext("The browser does not allow copying here."));
  }
}

/** @param {() => Promise<unknown>} work */
async function orToast(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(explain(error));
  }
}
