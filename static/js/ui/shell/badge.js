/** @import {App} from "./app.js" */

import { attention } from "../lib/levels.js";
import { conversationTitle } from "../lib/names.js";

const PAUSE = 250; // milliseconds in which changes are collected, because rendering goes through every conversation

/** Shows how many unread messages need attention: in the title of the window, on its icon, and on the icon of the installed app. */
export class Badge {
  /** @type {string | undefined} */
  #conversation;
  #shown = -1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.icon = /** @type {HTMLLinkElement | null} */ (document.querySelector("link[rel=icon]"));
    this.plain = this.icon?.href ?? "";
    app.store.observe(() => (this.#timer ||= setTimeout(() => this.#render(), PAUSE)));
  }

  /** @param {string | undefined} conversation */
  setConversation(conversation) {
    this.#conversation = conversation;
    this.#render();
  }

  #render() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { store, config } = this.app;
    const seen = [...store.conversations.values()].filter((one) => !one.archived_at).map((one) => attention(store, one.id));
    const count = seen.reduce((sum, one) => sum + one.count, 0);
    const conversation = store.conversations.get(this.#conversation ?? "");
    const heading = conversation ? conversationTitle(store, conversation) : this.#heading;
    const title = [heading, store.organization?.name ?? config.organization, "Parley"].filter(Boolean).join(" · ");
    document.title = count > 0 ? `(${count}) ${title}` : title;
    if (count !== this.#shown) this.#showCount(count);
  }

  /** The title of a view other than a conversation. */
  get #heading() {
    return document.querySelector(".main > section:not([hidden]) [data-title]")?.textContent?.trim() ?? "";
  }

  /** @param {number} count */
  #showCount(count) {
    this.#shown = count;
    if (this.icon) this.icon.href = count > 0 ? (this.icon.dataset.unread ?? this.plain) : this.plain;
    const app = /** @type {{setAppBadge?: (count: number) => Promise<void>}} */ (navigator);
    void app.setAppBadge?.(count).catch(() => {}); // only an installed app has a badge
  }
}
