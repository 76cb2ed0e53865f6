/** @import {App} from "../shell/app.js" */
/** @import {Preferences} from "../../client/types.js" */

import { byId, setText } from "../lib/dom.js";
import { gettext } from "../lib/i18n.js";
import { applyPreferences } from "../shell/appearance.js";
import { chime, DESKTOP, isSupported, SOUND } from "../shell/notifications.js";
import { attempt, openDialog } from "./dialog.js";

/** @type {Preferences} */
const DEFAULTS = { theme: "system", density: "comfortable", clock: "auto", motion: "system", smileys: "on", keywords: [] };

/** How the page looks, kept with the member; and what this browser may do to be noticed, kept in the browser. */
export class PreferencesDialog {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLDialogElement} */
    this.dialog = byId("preferences");
    /** @type {HTMLFormElement} */
    this.form = byId("preferences-form");
    this.form.addEventListener("change", (event) => void this.#onChange(event));
    byId("desktop-choice").addEventListener("change", () => void this.#onDesktop());
    byId("keywords").addEventListener("change", () => void this.#onKeywords());
    byId("sound-choice").addEventListener("change", () => this.#onSound());
    app.store.observe((changes) => changes.members.has(app.store.me) && this.#show());
  }

  open() {
    this.#show();
    this.#showDesktop();
    byId("sound-choice").checked = localStorage.getItem(SOUND) === "on";
    openDialog(this.dialog);
  }

  get #preferences() {
    return { ...DEFAULTS, ...this.app.store.members.get(this.app.store.me)?.preferences };
  }

  #show() {
    for (const [name, value] of Object.entries(this.#preferences)) {
      const field = this.form.elements.namedItem(name);
      if (field instanceof RadioNodeList && typeof value === "string") field.value = value;
    }
    byId("keywords").value = this.#preferences.keywords.join(", ");
  }

  /** What the server refuses stays in the field, to be corrected. */
  async #onKeywords() {
    const written = byId("keywords").value.split(",");
    const keywords = written.map((/** @type {string} */ word) => word.trim()).filter(Boolean);
    await attempt(this.dialog, () => changePreferences(this.app, { keywords }));
  }

  /** @param {Event} event shown at once; taken back if the server refuses it */
  async #onChange(event) {
    const { name, value } = /** @type {HTMLInputElement} */ (event.target);
    const before = this.#preferences;
    if (!(name in before)) return;
    applyPreferences({ ...before, [name]: value });
    const kept = await attempt(this.dialog, () => changePreferences(this.app, { [name]: value }));
    if (kept) return;
    applyPreferences(before);
    this.#show();
  }

  /** The browser asks for permission upon this press, and never by itself. */
  async #onDesktop() {
    const wanted = byId("desktop-choice").checked;
    const allowed = wanted && isSupported() && (await Notification.requestPermission()) === "granted";
    localStorage.setItem(DESKTOP, allowed ? "on" : "off");
    this.#showDesktop();
  }

  #showDesktop() {
    const denied = isSupported() && Notification.permission === "denied";
    byId("desktop-choice").checked = isSupported() && Notification.permission === "granted" && localStorage.getItem(DESKTOP) === "on";
    byId("desktop-choice").disabled = !isSupported() || denied;
    const help = denied
      ? gettext("The browser blocks notifications of this site. Its settings allow them again.")
      : isSupported()
        ? gettext("While Parley is open somewhere and you are not reading the conversation.")
        : gettext("This browser has none.");
    setText(byId("desktop-help"), help);
  }

  #onSound() {
    const { checked } = byId("sound-choice");
    localStorage.setItem(SOUND, checked ? "on" : "off");
    if (checked) chime();
  }
}

/** @param {App} app @param {Partial<Preferences>} changes */
export async function changePreferences({ client, store }, changes) {
  store.putMember(await client.api.patch("members/me", { preferences: changes }));
}
