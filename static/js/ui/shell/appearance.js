/** @import {Member} from "../../client/types.js" */

import { setClock } from "../lib/format.js";

/**
 * How the member likes the page. The server prints it into <html>, so that nothing flashes; what is changed in another
 * tab or on another device comes as news of one's own member, and is shown at once.
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
