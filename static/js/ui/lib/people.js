/** @import {Store} from "../../client/store.js" */
/** @import {Member} from "../../client/types.js" */

/** What only views and dialogs that list people need, so it is not part of the first load. */

import { gettext } from "./i18n.js";

const collator = new Intl.Collator(); // created once, because `localeCompare` looks up a collator at every comparison

/** @param {string} role of a member @returns {string} for people */
export function roleLabel(role) {
  const names = { owner: gettext("Owner"), admin: gettext("Admin"), moderator: gettext("Moderator"), guest: gettext("Guest") };
  return names[/** @type {keyof typeof names} */ (role)] ?? gettext("Member");
}

/** @param {Store} store @returns {Member[]} active members except the member, by name */
export function people(store) {
  const active = [...store.members.values()].filter((member) => !member.deactivated_at && member.id !== store.me);
  return active.sort((one, other) => collator.compare(one.name, other.name));
}
