/** @import {App} from "../shell/app.js" */
/** @import {Participant} from "../../client/types.js" */
/** @import {Subject} from "./panel.js" */

import { addParticipant, changeRole, removeParticipant } from "../../client/actions.js";
import { confirm } from "../dialogs/dialog.js";
import { PeoplePicker } from "../dialogs/people-picker.js";
import { byId, clone, setText } from "../lib/dom.js";
import { fillAvatar } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { openMenu } from "../lib/menu.js";
import { conversationTitle, isChannel, memberName, presenceLabel } from "../lib/names.js";
import { attemptIn } from "./notice.js";
import { isOpenChannel } from "./panel.js";

const FILTERED = 8; // people from which a field to find one is offered

/** @param {App} app */
export const make = (app) => new People(app);

/** The people of a conversation: presence, status and role of each, and what may be done with them. */
class People {
  #id = "";
  #isLoaded = false;
  /** @type {string} the member whose menu is open */
  #chosen = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const { root, slots } = clone("panel-people");
    /** @type {HTMLElement} */
    this.element = root;
    this.slots = slots;
    this.picker = new PeoplePicker(app.client, slots.add, {
      label: gettext("Add people"),
      most: 1,
      without: () => new Set(app.store.participants.get(this.#id)?.keys()),
      onChange: () => void this.#add(),
    });
    slots.filter.addEventListener("input", () => this.render());
    slots.list.addEventListener("click", (/** @type {MouseEvent} */ event) => this.#onClick(event));
    this.menu = byId("participant-menu");
    this.menu.addEventListener("click", (/** @type {MouseEvent} */ event) => void this.#onChoice(event));
  }

  /** @param {Subject} subject */
  titles({ conversation }) {
    return { title: gettext("People"), subtitle: conversation && conversationTitle(this.app.store, conversation) };
  }

  /** @param {Subject} subject */
  async open({ conversation }) {
    const id = conversation?.id ?? "";
    if (id !== this.#id) {
      this.picker.clear();
      this.slots.filter.value = "";
      this.#isLoaded = false;
    }
    this.#id = id;
    this.render();
    await attemptIn(this.slots.notice, async () => {
      await this.app.client.loadParticipants(id);
      if (id === this.#id) this.#isLoaded = true;
    });
    if (id === this.#id) this.render();
  }

  /** Whether the member may manage this channel: as its admin, or as a moderator of the organization. */
  get #isAdmin() {
    return this.app.store.ownParticipant(this.#id)?.role === "admin" || this.app.config.rights.includes("manage_channels");
  }

  get #conversation() {
    return this.app.store.conversations.get(this.#id);
  }

  render() {
    const own = this.app.store.ownParticipant(this.#id);
    const everybody = this.#participants;
    const shown = everybody.filter(({ member }) => this.#matches(member));
    const mayAdd = isOpenChannel(this.#conversation) && (this.#isAdmin || (own && this.app.config.rights.includes("browse")));
    this.slots.add.hidden = !mayAdd;
    this.slots.find.hidden = everybody.length < FILTERED;
    setText(this.slots.count, this.#isLoaded ? String(everybody.length) : "");
    setText(this.slots.status, this.#isLoaded ? "" : gettext("Loading…"));
    this.slots.none.hidden = shown.length > 0 || !this.#isLoaded;
    this.#showRows(this.#isLoaded ? shown : []);
  }

  get #participants() {
    const name = (/** @type {Participant} */ { member }) => memberName(this.app.store, member);
    const all = [...(this.app.store.participants.get(this.#id)?.values() ?? [])].filter((one) => !one.left_at);
    return all.sort((one, other) => name(one).localeCompare(name(other)));
  }

  /** @param {string} id */
  #matches(id) {
    const words = this.slots.filter.value.trim().toLowerCase().replace(/^@/, "");
    const member = this.app.store.members.get(id);
    return !words || `${member?.name} ${member?.handle} ${member?.title}`.toLowerCase().includes(words);
  }

  /** Rows stay the same elements, so that a row keeps the focus. @param {Participant[]} participants */
  #showRows(participants) {
    /** @type {Map<string, HTMLElement>} */
    const before = new Map([...this.slots.list.children].map((row) => [row.dataset.member, row]));
    const rows = participants.map((one) => this.#fill(before.get(one.member) ?? clone("participant-row").root, one));
    const isSame = rows.length === this.slots.list.childElementCount && rows.every((row, at) => row === this.slots.list.children[at]);
    if (!isSame) this.slots.list.replaceChildren(...rows);
  }

  /** @param {HTMLElement} row @param {Participant} participant */
  #fill(row, { member: id, role }) {
    const { store, client } = this.app;
    const part = (/** @type {string} */ slot) => /** @type {any} */ (row.querySelector(`[data-slot=${slot}]`));
    const member = store.members.get(id);
    const name = memberName(store, id);
    const state = client.signals.presence.get(id) ?? "offline";
    row.dataset.member = id;
    fillAvatar(part("avatar"), member);
    part("avatar").dataset.presence = state;
    setText(part("name"), id === store.me ? `${name} (${gettext("you")})` : name);
    part("name").dataset.argument = id;
    part("status").setAttribute("member", id);
    setText(part("presence"), presenceLabel(state));
    setText(part("detail"), [`@${member?.handle ?? ""}`, member?.title].filter(Boolean).join(" · "));
    part("role").hidden = role !== "admin";
    const channel = this.#conversation !== undefined && isChannel(this.#conversation);
    part("more").hidden = !channel || !this.#isAdmin || id === store.me;
    part("more").setAttribute("aria-label", interpolate(gettext("Actions for %(name)s"), { name }));
    return row;
  }

  /** @param {MouseEvent} event */
  #onClick({ target }) {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (target).closest("[data-slot=more]"));
    const row = /** @type {HTMLElement | null} */ (button?.closest("[data-member]") ?? null);
    if (!button || !row) return;
    this.#chosen = row.dataset.member ?? "";
    const isAdmin = this.app.store.participants.get(this.#id)?.get(this.#chosen)?.role === "admin";
    this.menu.querySelector("[data-action=promote]").hidden = isAdmin;
    this.menu.querySelector("[data-action=demote]").hidden = !isAdmin;
    openMenu(this.menu, button);
  }

  /** @param {MouseEvent} event */
  async #onChoice({ target }) {
    const item = /** @type {HTMLElement | null} */ (/** @type {Element} */ (target).closest("[data-action]"));
    if (!item) return;
    const [id, member] = [this.#id, this.#chosen];
    this.menu.hidePopover();
    if (item.dataset.action === "message") await this.app.run("message-to", member);
    else if (item.dataset.action === "remove") await this.#remove(id, member);
    else await this.#try(() => changeRole(this.app.client, id, member, item.dataset.action === "promote" ? "admin" : "member"));
  }

  async #add() {
    const [member] = this.picker.chosen;
    if (!member) return;
    const id = this.#id;
    this.picker.clear();
    if (await this.#try(() => addParticipant(this.app.client, id, member))) await this.#reload();
  }

  /** @param {string} id @param {string} member */
  async #remove(id, member) {
    const name = memberName(this.app.store, member);
    const title = interpolate(gettext("Remove %(name)s from this channel?"), { name });
    const text = gettext("Their messages stay. You can add them again.");
    if (!(await confirm({ title, text, yes: gettext("Remove") }))) return;
    if (await this.#try(() => removeParticipant(this.app.client, id, member))) await this.#reload();
  }

  async #reload() {
    await this.#try(() => this.app.client.loadParticipants(this.#id));
    this.render();
  }

  /** @param {() => Promise<unknown>} work */
  #try(work) {
    return attemptIn(this.slots.notice, work);
  }
}
