/** @import {App} from "../shell/app.js" */

import { changePreferences } from "../settings/preferences.js";

/** The steps of the dialog, in their order. */
export const STEPS = /** @type {const} */ (["name", "invite", "channels", "notifications"]);

/** @typedef {typeof STEPS[number]} Step */

/** @param {App} app @returns {string | undefined} where the member is: a step, "checklist" or "done" */
export function startOf({ store }) {
  return store.members.get(store.me)?.preferences?.start;
}

/** @param {App} app @param {Step | "checklist" | "done"} start */
export async function saveStart(app, start) {
  if (startOf(app) !== start) await changePreferences(app, { start });
}

/** @param {App} app @returns {Step[]} the steps that the member has the rights for */
export function stepsOf({ config }) {
  const needs = { name: "", invite: "invite", channels: "browse", notifications: "" };
  return STEPS.filter((step) => !needs[step] || config.rights.includes(needs[step]));
}
