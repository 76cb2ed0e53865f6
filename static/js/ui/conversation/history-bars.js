/** @import {App} from "../shell/app.js" */

import { sizeOf } from "../../client/ranges.js";
import { byId, setText } from "../lib/dom.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";

/**
 * @typedef {object} Position
 * @property {string} conversation
 * @property {boolean} isReady whether it is known which messages are on the screen
 * @property {boolean} isFar whether the end of the conversation is more than half a screen away
 * @property {boolean} isAtBottom
 * @property {number} firstShown the lowest seq on the screen
 */

/** The bar above the history and the button below it: they count unread messages outside of the screen and lead there. */
export class HistoryBars {
  /**
   * @param {App} app
   * @param {{toEnd: () => unknown, toUnread: () => unknown, toReplies: () => unknown, markAllRead: () => unknown}} actions
   */
  constructor(app, { toEnd, toUnread, toReplies, markAllRead }) {
    this.store = app.store;
    byId("jump-button").addEventListener("click", () => void toEnd());
    byId("unread-jump").addEventListener("click", () => void toUnread());
    byId("replies-jump").addEventListener("click", () => void toReplies());
    for (const id of ["unread-read", "replies-read"]) byId(id).addEventListener("click", () => void markAllRead());
  }

  /** @param {Position} position */
  show(position) {
    this.#showBar(position);
    this.#showButton(position);
  }

  /** Above the history: say that unread messages lie above the screen, else that threads have unread replies. @param {Position} position */
  #showBar({ conversation, isReady, firstShown }) {
    const ahead = this.store.unreadAhead(conversation);
    const isAbove = isReady && ahead[0] !== undefined && ahead[0][0] < firstShown;
    byId("unread-bar").hidden = !isAbove;
    if (isAbove) setText(byId("unread-label"), newMessages(sizeOf(ahead)));
    const replies = isReady && !isAbove ? sizeOf(this.store.passedReplies(conversation)) : 0;
    byId("replies-bar").hidden = replies === 0;
    if (replies > 0) setText(byId("replies-label"), newReplies(replies));
  }

  /** Below the history. What the bar counts is not counted again. @param {Position} position */
  #showButton({ conversation, isReady, isFar, isAtBottom }) {
    const unread = byId("unread-bar").hidden ? sizeOf(this.store.unreadAhead(conversation)) : 0;
    byId("jump-button").hidden = !(isFar || (unread > 0 && !isAtBottom)) || !isReady;
    setText(byId("jump-label"), unread > 0 ? newMessages(unread) : gettext("Jump to the newest"));
  }
}

/** @param {number} count */
function newMessages(count) {
  return interpolate(ngettext("%(count)s new message", "%(count)s new messages", count), { count });
}

/** @param {number} count */
function newReplies(count) {
  return interpolate(ngettext("%(count)s new reply", "%(count)s new replies", count), { count });
}
