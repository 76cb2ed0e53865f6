/** @import {App} from "../shell/app.js" */
/** @import {Preferences} from "../../client/types.js" */

import { attempt } from "../dialogs/dialog.js";
import { clone, setText } from "../lib/dom.js";
import { gettext } from "../lib/i18n.js";
import { applyPreferences } from "../shell/appearance.js";
import { chime, DESKTOP, isSupported, SOUND } from "../shell/notifications.js";

/** @type {Preferences} */
const DEFAULTS = { theme: "system", density: "comfortable", clock: "auto", motion: "system", smileys: "on", keywords: [] };

/** @type {Record<string, string>} by section of the settings: the template */
const TEMPLATES = { appearance: "settings-appearance", notifications: "settings-notifications", emoticons: "settings-writing" };

/** @param {App} app @param {string} name one of TEMPLATES */
export function make(app, name) {
  const { root } = clone(TEMPLATES[name] ?? "settings-appearance");
  return name === "notifications" ? new NotificationChoices(app, root) : new Choices(app, root);
}

/** Preferences that are kept with the member. Each is saved when it is changed. */
class Choices {
  /** @param {App} app @param {HTMLElement} element */
  constructor(app, element) {
    this.app = app;
    this.element = element;
    this.form = /** @type {HTMLFormElement} */ (element.querySelector("[data-preferences]"));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", (event) => void this.#onChange(event));
    app.store.observe((changes) => element.isConnected && changes.members.has(app.store.me) && this.open());
  }

  get preferences() {
    return { ...DEFAULTS, ...this.app.store.members.get(this.app.store.me)?.preferences };
  }

  open() {
    for (const [name, value] of Object.entries(this.preferences)) {
      const field = this.form.elements.namedItem(name);
      if (field instanceof RadioNodeList && typeof value === "string") field.value = value;
    }
  }

  /** @param {Event} event shown at once; taken back if the server refuses it */
  async #onChange(event) {
    const { name, value } = /** @type {HTMLInputElement} */ (event.target);
    const before = this.preferences;
    if (!(name in before) || name === "keywords") return;
    applyPreferences({ ...before, [name]: value });
    const kept = await attempt(this.element, () => changePreferences(this.app, { [name]: value }));
    if (kept) return;
    applyPreferences(before);
    this.open();
  }
}

/** What counts as a mention, kept with the member; and what this browser may do to be noticed, kept in the browser. */
class NotificationChoices extends Choices {
  /** @param {App} app @param {HTMLElement} element */
  constructor(app, element) {
    super(app, element);
    const part = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (element.querySelector(`#${id}`));
    this.keywords = part("keywords");
    this.desktop = part("desktop-choice");
    this.sound = part("sound-choice");
    this.help = part("desktop-help");
    this.keywords.addEventListener("change", () => void this.#onKeywords());
    this.desktop.addEventListener("change", () => void this.#onDesktop());
    this.sound.addEventListener("change", () => this.#onSound());
  }

  /** @override */
  open() {
    if (document.activeElement !== this.keywords) this.keywords.value = this.preferences.keywords.join(", ");
    this.#showDesktop();
    this.sound.checked = localStorage.getItem(SOUND) === "on";
  }

  /** What the server refuses stays in the field, to be corrected. */
  async #onKeywords() {
    const keywords = this.keywords.value
      .split(",")
      .map((word) => word.trim())
      .filter(Boolean);
    await attempt(this.element, () => changePreferences(this.app, { keywords }));
  }

  /** The browser asks for permission upon this press, and never by itself. */
  async #onDesktop() {
    const wanted = this.desktop.checked;
    const allowed = wanted && isSupported() && (await Notification.requestPermission()) === "granted";
    localStorage.setItem(DESKTOP, allowed ? "on" : "off");
    this.#showDesktop();
  }

  #showDesktop() {
    const denied = isSupported() && Notification.permission === "denied";
    this.desktop.checked = isSupported() && Notification.permission === "granted" && localStorage.getItem(DESKTOP) === "on";
    this.desktop.disabled = !isSupported() || denied;
    const help = denied
      ? gettext("The browser blocks notifications of this site. Its settings allow them again.")
      : isSupported()
        ? gettext("While Parley is open somewhere and you are not reading the conversation.")
        : gettext("This browser cannot show notifications.");
    setText(this.help, help);
  }

  #onSound() {
    const { checked } = this.sound;
    localStorage.setItem(SOUND, checked ? "on" : "off");
    if (checked) chime();
  }
}

/** @param {App} app @param {Partial<Preferences>} changes */
export async function changePreferences({ client, store }, changes) {
  store.putMember(await client.api.patch("members/me", { preferences: changes }));
}
