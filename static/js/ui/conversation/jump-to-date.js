/** @import {History} from "./history.js" */

import { serverClock } from "../../client/clock.js";
import { byId } from "../lib/dom.js";
import { openMenu } from "../lib/menu.js";

/**
 * Open the menu for a date to jump to, beside the name of a day.
 *
 * @param {History} history
 * @param {HTMLElement} origin
 */
export function chooseDate(history, origin) {
  const menu = byId("date-menu");
  const input = byId("date-input");
  const go = (/** @type {Promise<void>} */ going) => {
    menu.hidePopover();
    void going;
  };
  input.value = localDate(new Date(origin.dataset.at ?? serverClock.calendar()));
  input.max = localDate(serverClock.calendar());
  menu.onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (input.value) go(toDate(history, new Date(`${input.value}T00:00:00`)));
  };
  menu.onclick = (/** @type {Event} */ event) => {
    const item = /** @type {Element} */ (event.target).closest("[data-days]");
    if (!item) return;
    const days = Number(item.getAttribute("data-days"));
    if (days === 0) go(history.toEnd());
    else go(toDate(history, days < 0 ? new Date(0) : startOfDay(days)));
  };
  openMenu(menu, origin);
}

/** Go to the first message of a day, else to the first one after it. Throws ApiError. @param {History} history @param {Date} day */
async function toDate(history, day) {
  const { client, router } = history.app;
  const id = history.window.conversationId;
  if (!id) return;
  const { results } = await client.api.get(`conversations/${id}/messages`, { since: day.toISOString(), limit: 1 });
  if (results.length) router.go(router.path(id, results[0].seq));
  else await history.toEnd();
}

/** @param {number} ago days */
function startOfDay(ago) {
  const now = serverClock.calendar();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - ago);
}

/** @param {Date} date @returns {string} in the format of a date field, in local time */
function localDate(date) {
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
