/** @import {App} from "../shell/app.js" */
/** @import {MessageList} from "./message-list.js" */
/** @import {MessageNode} from "./message.js" */
/** @import {Message} from "../../client/types.js" */

import { deleteMessage, togglePin, toggleReaction } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { editMessage } from "../compose/message-editor.js";
import { ask } from "../dialogs/dialog.js";
import { pickEmoji } from "../emoji/picker.js";
import { byId, clone, once } from "../lib/dom.js";
import { gettext } from "../lib/i18n.js";
import { keyOf, plainKey } from "../lib/keys.js";
import { onLongPress } from "../lib/long-press.js";
import { openMenu } from "../lib/menu.js";
import { explain, toast } from "../lib/toast.js";
import { isGone } from "./message.js";
import { MESSAGE_KEYS } from "./message-keys.js";

/** @type {Record<string, string>} */
const KEYS = {
  ...Object.fromEntries(MESSAGE_KEYS.map(({ keys, command }) => [keys.toLowerCase(), command])),
  "+": "react",
  enter: "reply",
};
/** @type {Record<string, number>} */
const STEPS = { ArrowUp: -1, k: -1, ArrowDown: 1, j: 1 };
const ON_TOMBSTONES = ["link", "reply", "unread", "original", "more", "resume", "discard-edit"];

/** @typedef {{isOpen: boolean, isMine: boolean, isAdmin: boolean, moderates: boolean, participates: boolean, inThread: boolean}} Rights */

/** @type {Record<string, (rights: Rights, message: Message) => boolean>} who may do what; everybody may do what is not listed */
const ALLOWED = {
  edit: ({ isOpen, isMine }) => isOpen && isMine,
  delete: ({ isOpen, isMine, isAdmin, moderates }) => isOpen && (isMine || moderates || isAdmin),
  react: ({ isOpen }) => isOpen,
  pin: ({ isOpen }, message) => isOpen && !message.pinned_at,
  unpin: ({ isOpen }, message) => isOpen && Boolean(message.pinned_at),
  unread: ({ participates, inThread }, message) => participates && !inThread && !message.thread,
  report: ({ isMine }, message) => !isMine && !isGone(message),
  receipts: ({ isMine, moderates }, message) => (isMine || moderates) && !isGone(message),
  revisions: (_, message) => Boolean(message.edited_at) && !isGone(message),
  reactions: (_, message) => message.reactions.length > 0,
  original: ({ moderates }, message) => Boolean(message.hidden_at) && moderates,
  copy: (_, message) => !isGone(message),
  reply: ({ inThread }) => !inThread,
};

/** @type {Map<string, (app: App, message: Message) => unknown>} actions that open a dialog, whose module is fetched when needed */
const DETAILS = new Map(["revisions", "reactions", "receipts", "report", "original"].map((name) => [name, show(name)]));

/** The actions on the messages of a list: by a toolbar that follows pointer and focus, by a menu, and by keys. */
export class MessageActions {
  /** @type {MessageNode | undefined} the message that has the toolbar */
  #at;

  /** @param {App} app @param {MessageList} list @param {{inThread?: boolean}} [options] */
  constructor(app, list, { inThread = false } = {}) {
    this.app = app;
    this.list = list;
    this.inThread = inThread;
    this.toolbar = clone("message-toolbar").root;
    const { element } = list;
    element.addEventListener("pointerover", (event) => event.pointerType !== "touch" && this.#follow(event.target));
    element.addEventListener(
      "focusin",
      (event) => event.target instanceof Element && event.target.matches(":focus-visible") && this.#follow(event.target),
    );
    element.addEventListener("pointerleave", () => this.#unfollow());
    this.press = onLongPress(element, (target) => this.#onLongPress(target));
    element.addEventListener("keydown", (event) => this.#onKey(event));
    this.#follow(element.querySelector(".message:hover")); // the pointer may have been there before this module was fetched
  }

  /** @type {Record<string, (message: Message, node: MessageNode, origin: HTMLElement) => unknown>} what each action does */
  #actions = {
    more: (_, node, origin) => this.#openMore(node, origin),
    edit: (_, node) => editMessage(this.app, node),
    resume: (_, node) => editMessage(this.app, node),
    "discard-edit": (message) => this.app.client.edits.end(message.id),
    reply: (message) => this.#openThread(message),
    react: (message, _, origin) => pickEmoji(origin, (emoji) => void this.#toggle(message, emoji)),
    link: (message) => this.#copyLink(message),
    copy: (message) => copy(message.text, gettext("Text copied.")),
    delete: (message) => this.#delete(message),
    pin: (message) => this.#pin(message),
    unpin: (message) => this.#pin(message),
    unread: (message) => this.#markUnread(message),
  };

  /** @param {MessageNode} node @param {string} action @param {HTMLElement} origin beside which a menu opens */
  async run(node, action, origin) {
    const { message, entry } = node.row ?? {};
    if (entry && action === "retry") this.app.client.outbox.retry(entry.ref);
    if (entry && action === "discard") this.app.client.outbox.discard(entry.ref);
    if (!message || !this.#may(action, message) || !isOffered(action, message)) return;
    if (Object.hasOwn(this.#actions, action)) await this.#actions[action]?.(message, node, origin);
    else await DETAILS.get(action)?.(this.app, message);
  }

  /**
   * @param {MouseEvent} event a click somewhere in the list
   * @param {MessageNode | undefined} [node] the message of the click; given if this module was fetched after the click
   */
  async onClick(event, node = this.list.nodeOf(event.target)) {
    const target = /** @type {Element} */ (event.target);
    const button = /** @type {HTMLElement | null} */ (target.closest("button"));
    if (button?.matches(".activity-button")) this.#go(button.dataset.conversation, button.dataset.thread);
    if (!node || !button) return;
    if (button.matches(".copy-code")) await copy(button.previousElementSibling?.textContent ?? "", gettext("Code copied."));
    else if (button.matches("[data-emoji]")) await this.#toggle(node.row?.message, button.dataset.emoji ?? "");
    else if (button.matches(".message-context")) this.#go(node.row?.message?.conversation, button.dataset.thread);
    else if (button.dataset.action) await this.run(node, button.dataset.action, button);
  }

  /** @param {string} action @param {Message} message */
  #may(action, message) {
    if (message.expired) return false;
    const allowed = Object.hasOwn(ALLOWED, action) ? ALLOWED[action] : undefined;
    return allowed === undefined || allowed(this.#rightsOn(message), message);
  }

  /** @param {Message} message @returns {Rights} */
  #rightsOn(message) {
    const { store, config } = this.app;
    const participant = store.ownParticipant(message.conversation);
    const isArchived = Boolean(store.conversations.get(message.conversation)?.archived_at);
    return {
      isOpen: participant !== undefined && !isArchived && !isGone(message),
      isMine: message.author === store.me,
      isAdmin: participant?.role === "admin",
      moderates: config.rights.includes("moderate"),
      participates: participant !== undefined,
      inThread: this.inThread,
    };
  }

  // --- The toolbar and the menu ---------------------------------------------------------------------------

  /** @param {EventTarget | null} target */
  #follow(target) {
    const node = this.list.nodeOf(target);
    if (!node || node === this.#at) return;
    const message = node.row?.message;
    this.#at = node;
    if (!message) {
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

  /** Hide the buttons of `menu` that the member may not use on the message. @param {HTMLElement} menu @param {Message} message */
  #showAllowed(menu, message) {
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (menu.querySelectorAll("[data-action]"))) {
      const action = button.dataset.action ?? "";
      button.hidden = !this.#may(action, message) || !isOffered(action, message);
    }
  }

  /** @param {MessageNode} node @param {HTMLElement} origin */
  #openMore(node, origin) {
    const menu = byId("message-menu");
    const message = /** @type {Message} */ (node.row?.message);
    this.#showAllowed(menu, message);
    byId("message-menu-quick").hidden = !this.#may("react", message);
    menu.onclick = (/** @type {MouseEvent} */ event) => {
      const item = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-action], [data-emoji]"));
      if (!item) return;
      menu.hidePopover();
      if (item.dataset.emoji) void this.#toggle(message, item.dataset.emoji);
      else void this.run(node, item.dataset.action ?? "", origin);
    };
    openMenu(menu, origin);
  }

  /** Open the menu of the message that is pressed for long. @param {Element} target */
  #onLongPress(target) {
    const node = this.list.nodeOf(target);
    if (node?.row?.message && !byId("message-menu").matches(":popover-open")) this.#openMore(node, node.root);
  }

  // --- Keys ----------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const key = plainKey(event, { shift: keyOf(event) === "+" }); // on some keyboards it needs Shift
    if (!key || !target.matches(".message, .activity-button")) return;
    const step = STEPS[key];
    if (step !== undefined) {
      event.preventDefault();
      this.list.moveFocus(step);
      return;
    }
    const node = this.list.nodeOf(target);
    const action = KEYS[key.toLowerCase()];
    if (!node || !action) return;
    event.preventDefault();
    void this.run(node, action === "pin" && node.row?.message?.pinned_at ? "unpin" : action, node.root);
  }

  // --- The actions ------------------------------------------------------------------------------------

  /** @param {Message | undefined} message @param {string} emoji */
  async #toggle(message, emoji) {
    if (!message || !this.#may("react", message)) return;
    await orToast(() => toggleReaction(this.app.client, message, emoji));
  }

  /** @param {Message} message */
  async #delete(message) {
    const title = gettext("Delete this message?");
    const text = gettext("A note remains where the message was. This cannot be undone.");
    const { store, client } = this.app;
    const isOwn = message.author === store.me || store.ownParticipant(message.conversation)?.role === "admin";
    const reason = await ask({ title, text, yes: gettext("Delete"), reason: !isOwn });
    if (reason !== null) await orToast(() => deleteMessage(client, message, reason));
  }

  /** @param {Message} message */
  async #pin(message) {
    await orToast(async () => {
      await togglePin(this.app.client, message);
      toast(message.pinned_at ? gettext("No longer pinned.") : gettext("Pinned for everybody here."));
    });
  }

  /** @param {Message} message */
  async #markUnread({ conversation, seq }) {
    await orToast(() => this.app.client.reads.markUnread(conversation, seq));
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
    const { router } = this.app;
    const id = conversation ?? router.route.conversation;
    if (id && thread) router.go(router.path(id, undefined, thread));
  }
}

/** @param {string} action @param {Message} message @returns {boolean} false for what a deleted or hidden message does not offer */
function isOffered(action, message) {
  return !isGone(message) || ON_TOMBSTONES.includes(action);
}

/** @param {string} name @returns {(app: App, message: Message) => Promise<unknown>} */
function show(name) {
  const load = once(() => import("../panel/message-details.js"));
  return async (app, message) => (await load()).show(name, app, message);
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
