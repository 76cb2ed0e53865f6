/** @import {App} from "../shell/app.js" */
/** @import {Participant} from "../../client/types.js" */

import { changeParticipant } from "../../client/actions.js";
import { byId } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { openMenu } from "../lib/menu.js";
import { conversationTitle, isChannel } from "../lib/names.js";

/** The menu of a conversation in the sidebar. */
export class RowMenu {
  #id = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLElement} */
    this.menu = byId("conversation-menu");
    this.menu.addEventListener("click", (event) => this.#onClick(event));
  }

  /** @param {string} id @param {HTMLElement} origin */
  open(id, origin) {
    const { store } = this.app;
    const conversation = store.conversations.get(id);
    const participant = store.ownParticipant(id);
    if (!conversation || !participant) return;
    this.#id = id;
    this.menu.setAttribute("aria-label", interpolate(gettext("Actions for %(name)s"), { name: conversationTitle(store, conversation) }));
    this.#item("read").hidden = store.unread(id) === 0;
    this.#item("leave").hidden = !isChannel(conversation);
    this.#check("favourite", participant.favourite ?? false);
    this.#check("muted", participant.muted ?? false);
    for (const level of ["all", "mentions", "none"]) this.#check(`notify-${level}`, participant.notifications === level);
    openMenu(this.menu, origin);
  }

  /** @param {string} action @returns {HTMLElement} */
  #item(action) {
    return /** @type {HTMLElement} */ (this.menu.querySelector(`[data-action=${action}]`));
  }

  /** @param {string} action @param {boolean} checked */
  #check(action, checked) {
    this.#item(action).setAttribute("aria-checked", String(checked));
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const item = /** @type {HTMLElement | null} */ (event.target instanceof Element ? event.target.closest("[data-action]") : null);
    const action = item?.dataset.action;
    if (!action) return;
    this.menu.hidePopover();
    void this.app.run("change-conversation", { id: this.#id, action });
  }
}

/**
 * Run an entry of the menu. Throws ApiError.
 *
 * @param {App} app
 * @param {string} id
 * @param {string} action
 */
export async function changeConversation(app, id, action) {
  const { client, store } = app;
  const participant = /** @type {Participant} */ (store.ownParticipant(id));
  const conversation = store.conversations.get(id);
  if (action === "read") client.reads.markAll(id);
  if (action === "favourite") await changeParticipant(client, id, { favourite: !participant.favourite });
  if (action === "muted") await changeParticipant(client, id, { muted: !participant.muted });
  if (action.startsWith("notify-")) await changeParticipant(client, id, { notifications: action.slice("notify-".length) });
  if (action === "settings" && conversation) await app.run("settings", conversation);
  if (action === "leave" && conversation) await app.run("leave", conversation);
}
