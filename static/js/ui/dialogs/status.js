/** @import {App} from "../shell/app.js" */

import { clearStatus, setStatus } from "../../client/actions.js";
import { serverClock } from "../../client/clock.js";
import { endOf, statusOf } from "../../client/statuses.js";
import { pickEmoji } from "../emoji/picker.js";
import { clone, setText } from "../lib/dom.js";
import { fullDate } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { attempt, openDialog } from "./dialog.js";

const KEEP = "keep"; // the choice that leaves the end of the present status as it is

/**
 * Build the dialog, and load its style sheet, for the page's first use of it.
 *
 * @param {App} app
 */
export async function makeStatusDialog(app) {
  const { root } = clone("status-dialog");
  const sheet = /** @type {HTMLLinkElement} */ (root.querySelector("link"));
  const loaded = new Promise((resolve) => {
    sheet.onload = sheet.onerror = resolve; // without its style sheet the dialog works as well
  });
  document.body.append(root);
  await loaded;
  return new StatusDialog(app, root);
}

/** What the member is doing: an emoji, a text, and when it ends. */
class StatusDialog {
  #emoji = "";
  /** @type {string | null} the end of the present status */
  #until = null;
  #isSet = false;

  /** @param {App} app @param {HTMLDialogElement} dialog */
  constructor(app, dialog) {
    this.app = app;
    this.dialog = dialog;
    /** @type {HTMLFormElement} */
    this.form = this.#part("form");
    /** @type {HTMLInputElement} */
    this.text = this.#part("[name=text]");
    /** @type {HTMLButtonElement} */
    this.emoji = this.#part("[name=emoji]");
    /** @type {HTMLSelectElement} */
    this.until = this.#part("[name=until]");
    this.form.addEventListener("submit", (event) => void this.#onSubmit(event));
    this.emoji.addEventListener("click", () => pickEmoji(this.emoji, (emoji) => this.#showEmoji(emoji)));
    dialog.addEventListener("click", ({ target }) => this.#suggest(/** @type {Element} */ (target).closest("[data-text]")));
    this.#part("[data-action=clear]").addEventListener("click", () => void this.#clear());
  }

  open() {
    const { store } = this.app;
    const status = statusOf(store, store.me, serverClock.now());
    this.#isSet = status !== undefined;
    this.#until = status?.until ?? null;
    this.text.value = status?.text ?? "";
    this.#showEmoji(status?.emoji ?? "");
    this.#showEnd();
    this.#part("[data-action=clear]").hidden = !this.#isSet;
    openDialog(this.dialog);
    this.text.select();
  }

  /** @param {string} selector @returns {any} the element, which the template has */
  #part(selector) {
    return this.dialog.querySelector(selector);
  }

  /** @param {string} emoji "" for none */
  #showEmoji(emoji) {
    this.#emoji = emoji;
    const sign = this.#part("[data-slot=emoji]");
    setText(sign, emoji);
    sign.hidden = !emoji;
    this.#part("[data-slot=none]").toggleAttribute("hidden", Boolean(emoji));
    const label = emoji ? interpolate(gettext("Emoji: %(emoji)s"), { emoji }) : gettext("Choose an emoji");
    this.emoji.ariaLabel = this.emoji.title = label;
  }

  /** Offer the end of the present status, and choose it. */
  #showEnd() {
    const keep = this.#part(`option[value=${KEEP}]`);
    keep.hidden = keep.disabled = this.#until === null;
    if (this.#until) setText(keep, fullDate(this.#until));
    this.until.value = this.#until ? KEEP : "never";
  }

  /** Fill the fields. The member can change them before saving. @param {HTMLElement | null} suggestion */
  #suggest(suggestion) {
    if (!suggestion) return;
    const { text = "", emoji = "", until = "never" } = suggestion.dataset;
    this.text.value = text;
    this.#showEmoji(emoji);
    this.until.value = until;
  }

  /** @param {Event} event */
  async #onSubmit(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (!text && !this.#emoji && this.#isSet) return this.#clear();
    const { value } = this.until;
    await this.#try(() => {
      const until = value === KEEP ? this.#until : endOf(value, serverClock.now(), serverClock.calendar());
      return setStatus(this.app.client, { text, emoji: this.#emoji, until });
    });
  }

  async #clear() {
    await this.#try(() => clearStatus(this.app.client));
  }

  /** @param {() => Promise<unknown>} work */
  async #try(work) {
    if (await attempt(this.dialog, work)) this.dialog.close();
  }
}
