/** @import {App} from "../shell/app.js" */

import { ApiError } from "../../client/api.js";
import { attempt, confirm } from "../dialogs/dialog.js";
import { clone, setIcon, setText } from "../lib/dom.js";
import { clearTime, fullDate, writeTime } from "../lib/format.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";

/**
 * `browser` is its name, if it is known. `session` is the same for all clients of one sign-in, that is of one browser or app.
 * `current` is true for those of the session of this page.
 *
 * @typedef {{id: string, platform: string, label: string, browser?: string, session: string, current?: boolean, online: boolean, created_at: string, last_seen_at: string}} Device
 */

/**
 * A browser or an app, with all its tabs. Tabs that ended without a word stay in the list of the server for days.
 *
 * @typedef {{clients: Device[], first: Device, open: number, seen: string, since: string, current: boolean}} Group
 */

/** @param {App} app */
export const make = (app) => new Devices(app);

/** The member's browsers and apps, with a button to sign each out. */
class Devices {
  /** @type {Group[]} */
  #groups = [];

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const { root, slots } = clone("settings-devices");
    /** @type {HTMLElement} */
    this.element = root;
    this.slots = slots;
    slots.others.addEventListener("click", () => void this.#endOthers());
  }

  async open() {
    await attempt(this.element, async () => {
      this.#groups = grouped(await this.app.client.api.list("clients"));
      this.#show();
    });
  }

  #show() {
    for (const group of this.#groups) if (group.current) group.open ||= 1; // this page, whose socket may not be counted yet
    this.slots.list.replaceChildren(...this.#groups.map((group) => this.#row(group)));
    this.slots.others.hidden = this.#others.length === 0;
  }

  get #others() {
    return this.#groups.filter(({ current }) => !current);
  }

  /** @param {Group} group */
  #row({ clients, first, open, seen, since, current }) {
    const { root, slots } = clone("device-row");
    const name = nameOf(first);
    setIcon(slots.icon, first.platform === "ios" || first.platform === "android" ? "phone" : first.platform === "bot" ? "bot" : "device");
    setText(slots.name, name);
    slots.here.hidden = !current;
    slots.dot.hidden = open === 0;
    if (open > 1) clearTime(slots.detail, interpolate(gettext("%(count)s tabs open now"), { count: open }));
    else if (open) clearTime(slots.detail, gettext("Connected now"));
    else writeTime(slots.detail, seen, { format: gettext("Last seen %(time)s") });
    slots.detail.title = interpolate(gettext("Here since %(time)s"), { time: fullDate(since) });
    slots.button.hidden = current;
    slots.button.setAttribute("aria-label", interpolate(gettext("Sign out %(name)s"), { name }));
    slots.button.addEventListener("click", () => void this.#end(first, clients));
    return root;
  }

  /** @param {Device} first @param {Device[]} clients all of its session */
  async #end(first, clients) {
    const title = interpolate(gettext("Sign out %(name)s?"), { name: nameOf(first) });
    const text = gettext("Every tab of that browser, or that app, must sign in again. Unsent messages stay there.");
    if (!(await confirm({ title, text, yes: gettext("Sign out") }))) return;
    await this.#signOut(clients);
  }

  async #endOthers() {
    const others = this.#others;
    const title = interpolate(ngettext("Sign out %(count)s other device?", "Sign out %(count)s other devices?", others.length), {
      count: others.length,
    });
    const text = gettext("Other tabs of this browser stay signed in.");
    if (await confirm({ title, text, yes: gettext("Sign out") })) await this.#signOut(others.flatMap(({ clients }) => clients));
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
    const done = await attempt(this.element, async () => {
      for (const { id } of devices) await this.#post(id);
    });
    await this.open();
    // A 204 proves nothing: check that the list no longer contains the client.
    const left = this.#groups.some(({ clients }) => clients.some(({ id }) => devices.some((one) => one.id === id)));
    if (done && !left) toast(gettext("Signed out."));
  }
}

/** @param {Device[]} devices @returns {Group[]} by session: this browser first, then those that are connected, then by when they were seen */
export function grouped(devices) {
  /** @type {Map<string, Device[]>} */
  const sessions = new Map();
  for (const device of devices) sessions.set(device.session, [...(sessions.get(device.session) ?? []), device]);
  const groups = [...sessions.values()].map(groupOf);
  const order = (/** @type {Group} */ { current, open }) => (current ? 0 : open > 0 ? 1 : 2);
  return groups.sort((one, other) => order(one) - order(other) || other.seen.localeCompare(one.seen));
}

/** @param {Device[]} clients of one session @returns {Group} */
function groupOf(clients) {
  clients.sort((one, other) => other.last_seen_at.localeCompare(one.last_seen_at));
  const [first] = /** @type {[Device]} */ (clients);
  return {
    clients,
    first,
    open: clients.filter(({ online }) => online).length,
    seen: first.last_seen_at,
    since: clients.map(({ created_at }) => created_at).sort()[0] ?? first.created_at,
    current: clients.some(({ current }) => current),
  };
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
