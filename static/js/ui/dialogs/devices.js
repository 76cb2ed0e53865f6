/** @import {App} from "../shell/app.js" */

import { ApiError } from "../../client/api.js";
import { byId, clone, setIcon, setText } from "../lib/dom.js";
import { clearTime, fullDate, writeTime } from "../lib/format.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { attempt, confirm, openDialog } from "./dialog.js";

/**
 * `browser` is its name, if it is known. `current` is true for clients of the same session as this page.
 *
 * @typedef {{id: string, platform: string, label: string, browser?: string, current?: boolean, online: boolean, created_at: string, last_seen_at: string}} Device
 */

/** The list of the member's tabs and devices, with a button to sign each out. */
export class Devices {
  /** @type {Device[]} */
  #devices = [];

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLDialogElement} */
    this.dialog = byId("devices");
    byId("devices-others").addEventListener("click", () => void this.#endOthers());
  }

  async open() {
    openDialog(this.dialog);
    await this.#load();
  }

  async #load() {
    await attempt(this.dialog, async () => {
      this.#devices = await this.app.client.api.list("clients");
      this.#show();
    });
  }

  /** @param {Device} device */
  #isThis({ id }) {
    return id === this.app.client.stream.session.id;
  }

  #show() {
    const order = (/** @type {Device} */ device) => (this.#isThis(device) ? 0 : device.online ? 1 : 2);
    this.#devices.sort((one, other) => order(one) - order(other) || other.last_seen_at.localeCompare(one.last_seen_at));
    byId("devices-list").replaceChildren(...this.#devices.map((device) => this.#row(device)));
    byId("devices-others").hidden = this.#others.length === 0;
  }

  /** Other tabs of this browser have the same session: signing one out signs all of them out. */
  get #others() {
    return this.#devices.filter((device) => !this.#isThis(device) && !device.current);
  }

  /** @param {Device} device */
  #row(device) {
    const { root, slots } = clone("device-row");
    const name = nameOf(device);
    setIcon(
      slots.icon,
      device.platform === "ios" || device.platform === "android" ? "phone" : device.platform === "bot" ? "bot" : "device",
    );
    setText(slots.name, name);
    slots.here.hidden = !this.#isThis(device) && !device.current;
    setText(slots.here, this.#isThis(device) ? gettext("This one") : gettext("This browser"));
    slots.dot.hidden = !device.online;
    if (device.online) clearTime(slots.detail, gettext("Connected now"));
    else writeTime(slots.detail, device.last_seen_at, { format: gettext("Last seen %(time)s") });
    slots.detail.title = interpolate(gettext("Here since %(time)s"), { time: fullDate(device.created_at) });
    slots.button.hidden = this.#isThis(device) || device.current;
    slots.button.setAttribute("aria-label", interpolate(gettext("Sign out %(name)s"), { name }));
    slots.button.addEventListener("click", () => void this.#end(device));
    return root;
  }

  /** @param {Device} device */
  async #end(device) {
    const title = interpolate(gettext("Sign out %(name)s?"), { name: nameOf(device) });
    const text = gettext("Every tab of that browser, or that app, has to sign in again. What waits there unsent stays there.");
    if (!(await confirm({ title, text, yes: gettext("Sign out") }))) return;
    await this.#signOut([device]);
  }

  async #endOthers() {
    const others = this.#others;
    const title = interpolate(ngettext("Sign out %(count)s other device?", "Sign out %(count)s other devices?", others.length), {
      count: others.length,
    });
    const text = gettext("Other tabs of this browser stay signed in.");
    if (await confirm({ title, text, yes: gettext("Sign out") })) await this.#signOut(others);
  }

  /** @param {string} id may be signed out already, because several clients can belong to one session */
  async #post(id) {
    try {
      await this.app.client.api.post(`clients/${id}/sign-out`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
  }

  /** @param {Device[]} devices */
  async #signOut(devices) {
    const done = await attempt(this.dialog, async () => {
      for (const { id } of devices) await this.#post(id);
    });
    await this.#load();
    // A 204 proves nothing: check that the list no longer contains the client.
    const left = this.#devices.some((one) => devices.some(({ id }) => id === one.id));
    if (done && !left) toast(gettext("Signed out."));
  }
}

/** @param {Device} device */
function nameOf({ platform, label, browser }) {
  const platforms = {
    web: gettext("Browser"),
    ios: gettext("iPhone or iPad"),
    android: gettext("Android"),
    desktop: gettext("Desktop app"),
    bot: gettext("Bot"),
  };
  const kind = platforms[/** @type {keyof typeof platforms} */ (platform)] ?? platform;
  if (platform === "web" && (browser || label)) return browser || label;
  return label && label !== kind ? `${label} · ${kind}` : kind;
}
