/** @import {App} from "./app.js" */

import { ApiError } from "../client/api.js";
import { byId, clone, setText } from "./dom.js";
import { openMenu } from "./menu.js";
import { THEME, applyTheme } from "./theme.js";

/** The organizations of the user, and the member's own menu. */
export class Menus {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    byId("me-menu").addEventListener("click", (/** @type {Event} */ event) => {
      const choice = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-theme-choice]"));
      if (choice) setTheme(choice.dataset.themeChoice ?? "");
    });
  }

  async openOrganizations() {
    await fillOrganizations(this.app);
    openMenu(byId("organization-menu"), byId("organization-button"));
  }

  openMine() {
    openMenu(byId("me-menu"), byId("me-button"));
  }
}

/** @param {string} theme */
function setTheme(theme) {
  if (theme) localStorage.setItem(THEME, theme);
  else localStorage.removeItem(THEME);
  applyTheme();
}

/** @param {App} app */
async function fillOrganizations(app) {
  const list = byId("organization-list");
  if (list.childElementCount) return;
  try {
    const { organizations } = await app.client.api.get("/api/v1/me");
    for (const { slug, name } of organizations) {
      const { root, slots } = clone("organization-item");
      const here = `/o/${slug}/` === app.config.root;
      root.href = `/o/${slug}/`;
      root.setAttribute("aria-checked", String(here));
      setText(slots.avatar, name.slice(0, 1).toUpperCase());
      setText(slots.name, name);
      list.append(root);
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
