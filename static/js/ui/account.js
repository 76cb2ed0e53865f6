/** @import {App} from "./app.js" */

import { ApiError } from "../client/api.js";
import { byId, clone, setText } from "./dom.js";
import { openMenu } from "./menu.js";

const THEME = "parley:theme"; // in localStorage: "light" or "dark"; absent, the system's

/** The organizations of the user, and the member's own menu. @param {App} app */
export function wireMenus(app) {
  const switcher = byId("organization-button");
  switcher.addEventListener("click", async () => {
    await fillOrganizations(app);
    openMenu(byId("organization-menu"), switcher);
  });
  const me = byId("me-button");
  me.addEventListener("click", () => openMenu(byId("me-menu"), me));
  byId("me-menu").addEventListener("click", (/** @type {Event} */ event) => {
    const choice = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-theme-choice]"));
    if (choice) setTheme(choice.dataset.themeChoice ?? "");
  });
  window.addEventListener("storage", (event) => event.key === THEME && applyTheme());
}

/** As early as possible, so that the page is not first shown in the other theme. */
export function applyTheme() {
  const theme = localStorage.getItem(THEME) ?? "";
  document.documentElement.dataset.theme = theme;
  for (const choice of document.querySelectorAll("[data-theme-choice]")) {
    const chosen = choice.getAttribute("data-theme-choice") === theme;
    choice.setAttribute("aria-checked", String(chosen));
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
