/** @import {App} from "./app.js" */
/** @import {Sanction} from "../../client/types.js" */

import { ApiError } from "../../client/api.js";
import { byId, clone, everyFrame, setText } from "../lib/dom.js";
import { writeTime } from "../lib/format.js";
import { gettext } from "../lib/i18n.js";
import { explain, toast } from "../lib/toast.js";

/** Shows each warning that the member has not acknowledged, above the composer. */
export class Warnings {
  /** @type {Map<string, HTMLElement>} by sanction, so that a bar keeps the focus while others are added or removed */
  #bars = new Map();

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.render = everyFrame(() => this.#render());
    app.store.observe((changes) => changes.sanctions.size && this.render());
    this.render();
  }

  #render() {
    const open = [...this.app.store.entities.sanctions.values()]
      .filter(isUnread)
      .sort((one, other) => one.created_at.localeCompare(other.created_at));
    const bars = open.map((sanction) => this.#bars.get(sanction.id) ?? this.#bar(sanction));
    this.#bars = new Map(open.map((sanction, index) => [sanction.id, bars[index]]));
    const container = byId("warnings");
    for (const bar of [...container.children]) if (!bars.includes(/** @type {HTMLElement} */ (bar))) bar.remove();
    for (const bar of bars) if (bar.parentElement !== container) container.append(bar);
    container.hidden = bars.length === 0;
  }

  /** @param {Sanction} sanction */
  #bar(sanction) {
    const { root, slots } = clone("warning");
    setText(slots.reason, sanction.reason);
    writeTime(slots.time, sanction.created_at);
    slots.button.addEventListener("click", async () => {
      slots.button.disabled = true;
      await acknowledge(this.app, "sanction", sanction.id);
      slots.button.disabled = false;
    });
    return root;
  }
}

/** Shows moderators the number of open reports, with a link to the moderation desk. */
export class Desk {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.render = everyFrame(() => this.#render());
    app.store.observe((changes) => (changes.cases.size || changes.members.has(app.store.me)) && this.render());
    this.render();
  }

  #render() {
    const { store } = this.app;
    const count = store.openCases.length;
    byId("desk-link").hidden = !store.moderates;
    byId("desk-badge").hidden = byId("desk-dot").hidden = count === 0;
    setText(byId("desk-count"), count > MOST_COUNTED ? `${MOST_COUNTED}+` : String(count));
  }
}

const MOST_COUNTED = 99; // the highest number in the badge

/** @param {Sanction} sanction */
function isUnread({ kind, acknowledged_at }) {
  return kind === "warning" && !acknowledged_at;
}

/**
 * Acknowledge a sanction, or the outcome of a report. A failure is shown, and the member can try again.
 *
 * @param {App} app @param {"sanction" | "report"} noun @param {string} id
 */
export async function acknowledge(app, noun, id) {
  try {
    const { api } = app.client;
    if (noun === "sanction") app.store.putEntity("sanction", await api.post(`members/me/sanctions/${id}/acknowledge`));
    else app.store.putEntity("report", await api.post(`members/me/reports/${id}/acknowledge`));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(explain(error));
  }
}

/** @type {Record<string, string>} by outcome: the text for the reporter */
export const OUTCOMES = {
  no_action: gettext("No action was taken."),
  hidden: gettext("The message was hidden."),
  removed: gettext("The message was removed."),
  warned: gettext("The author was warned."),
  muted: gettext("The author was muted."),
  suspended: gettext("The author was suspended."),
  other: gettext("It was dealt with in another way."),
};
