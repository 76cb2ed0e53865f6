/** @import {Member} from "../../client/types.js" */

import { setClock } from "../lib/format.js";

/**
 * Apply the member's preferences to the page. The server prints them into <html>, so that the page does not flash. A change
 * in another tab or on another device arrives as an event of the member and is applied at once.
 *
 * @param {Member["preferences"]} preferences
 */
export function applyPreferences(preferences) {
  if (!preferences) return;
  const { dataset } = document.documentElement;
  for (const name of /** @type {const} */ (["theme", "density", "motion"])) {
    if (dataset[name] !== preferences[name]) dataset[name] = preferences[name];
  }
  setClock(preferences.clock);
}
