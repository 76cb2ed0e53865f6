/** @import {App} from "./app.js" */

import { ApiError } from "../../client/api.js";
import { byId, clone, setText } from "../lib/dom.js";
import { gettext } from "../lib/i18n.js";
import { openMenu } from "../lib/menu.js";
import { unreadElsewhere } from "./other-organizations.js";

/** @typedef {import("./other-organizations.js").Organization} Organization */

/** The menu of the user's organizations, and the menu of the member. */
export class Menus {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    byId("me-menu").addEventListener("click", (/** @type {Event} */ event) => {
      if (event.target instanceof Element && event.target.closest("button")) byId("me-menu").hidePopover();
    });
  }

  async openOrganizations() {
    await this.#fill();
    openMenu(byId("organization-menu"), byId("organization-button"));
    void this.#markUnread();
  }

  openMine() {
    openMenu(byId("me-menu"), byId("me-button"));
  }

  async #fill() {
    const list = byId("organization-list");
    if (list.childElementCount) return;
    try {
      const { organizations } = await this.app.client.api.get("/api/v1/me");
      list.replaceChildren(...organizations.map((/** @type {Organization} */ one) => this.#item(one)));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the rest of the menu works without the list
    }
  }

  /** @param {Organization} organization */
  #item({ slug, name }) {
    const { root, slots } = clone("organization-item");
    root.href = `/o/${slug}/`;
    root.dataset.slug = slug;
    root.setAttribute("aria-checked", String(root.getAttribute("href") === this.app.config.root));
    setText(slots.avatar, name.slice(0, 1).toUpperCase());
    setText(slots.name, name);
    return root;
  }

  /** Mark the other organizations with unread messages. It asks the server whenever the menu is opened. */
  async #markUnread() {
    const unread = await unreadElsewhere(this.app).catch((error) => {
      if (!(error instanceof ApiError)) throw error;
      return new Set();
    });
    for (const item of byId("organization-list").querySelectorAll("[data-slug]")) {
      const dot = item.querySelector("[data-slot=unread]");
      dot.hidden = !unread.has(item.getAttribute("data-slug"));
      setText(dot, gettext("unread"));
    }
    byId("organization-dot").hidden = unread.size === 0;
  }
}
