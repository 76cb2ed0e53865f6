/** @import {App} from "./app.js" */

import { attention } from "../lib/levels.js";
import { conversationTitle } from "../lib/names.js";

const PAUSE = 250; // milliseconds in which changes are gathered: every conversation is looked at

/** The number of what wants to be read, in the title of the window, on its icon, and on the icon of the installed page. */
export class Badge {
  /** @type {string | undefined} */
  #place;
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
  setPlace(conversation) {
    this.#place = conversation;
    this.#render();
  }

  #render() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { store, config } = this.app;
    const seen = [...store.conversations.values()].filter((one) => !one.archived_at).map((one) => attention(store, one.id));
    const count = seen.reduce((sum, one) => sum + one.count, 0);
    const conversation = store.conversations.get(this.#place ?? "");
    const place = conversation ? conversationTitle(store, conversation) : this.#heading;
    const title = [place, store.organization?.name ?? config.organization, "Parley"].filter(Boolean).join(" · ");
    document.title = count > 0 ? `(${count}) ${title}` : title;
    if (count !== this.#shown) this.#showCount(count);
  }

  /** What a view that is no conversation is called. */
  get #heading() {
    return document.querySelector(".main > section:not([hidden]) [data-title]")?.textContent?.trim() ?? "";
  }

  /** @param {number} count */
  #showCount(count) {
    this.#shown = count;
    if (this.icon) this.icon.href = count > 0 ? (this.icon.dataset.unread ?? this.plain) : this.plain;
    const app = /** @type {{setAppBadge?: (count: number) => Promise<void>}} */ (navigator);
    void app.setAppBadge?.(count).catch(() => {}); // only what is installed has one
  }
}
