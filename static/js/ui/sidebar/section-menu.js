/** @import {App} from "../shell/app.js" */
/** @import {Section} from "../../client/types.js" */

import { addSection, placeSection, removeSection, renameSection } from "../../client/section-changes.js";
import { attempt, confirm, openDialog } from "../dialogs/dialog.js";
import { byId, clone, setText } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { openMenu } from "../lib/menu.js";
import { conversationTitle, isChannel } from "../lib/names.js";
import { homeOf } from "./entry.js";
import { changeSections, moveTo } from "./section-acts.js";

/** The menu of an own section, the menu that moves a conversation to a section, and the dialog for the name of one. */
export class SectionMenus {
  #section = "";
  #conversation = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const { root, slots } = clone("section-dialog");
    /** @type {HTMLDialogElement} */
    this.dialog = root;
    this.slots = slots;
    document.body.append(root);
    byId("section-menu").addEventListener("click", (/** @type {MouseEvent} */ event) => this.#onSection(event));
    byId("move-menu").addEventListener("click", (/** @type {MouseEvent} */ event) => this.#onMove(event));
  }

  /** @param {string} id of an own section @param {HTMLElement} origin */
  openSection(id, origin) {
    this.#section = id;
    const menu = byId("section-menu");
    const { all } = this.app.client.sections;
    const at = all.findIndex((one) => one.id === id);
    menu.setAttribute("aria-label", interpolate(gettext("Actions for the section %(name)s"), { name: all[at]?.name ?? "" }));
    menu.querySelector("[data-action=up]").hidden = at <= 0;
    menu.querySelector("[data-action=down]").hidden = at === all.length - 1;
    openMenu(menu, origin);
  }

  /** @param {string} id of a conversation @param {HTMLElement} origin */
  openMove(id, origin) {
    const { store, client } = this.app;
    const conversation = store.conversations.get(id);
    if (!conversation) return;
    this.#conversation = id;
    const menu = byId("move-menu");
    const here = store.ownParticipant(id)?.favourite ? "favourites" : (client.sections.of(id) ?? homeOf(conversation));
    const home = isChannel(conversation) ? gettext("Channels") : gettext("Direct messages");
    const own = client.sections.all.map(({ id, name }) => ({ id, name }));
    const all = [{ id: "favourites", name: gettext("Favourites") }, ...own, { id: homeOf(conversation), name: home }];
    menu.setAttribute("aria-label", interpolate(gettext("Move %(name)s to a section"), { name: conversationTitle(store, conversation) }));
    byId("move-list").replaceChildren(...all.map((section) => item(section, section.id === here)));
    openMenu(menu, origin, { focus: menu.querySelector("[aria-checked=true]") });
  }

  /** Ask for the name of a new section. @param {string} [conversation] that is moved into it */
  create(conversation = "") {
    const id = crypto.randomUUID();
    this.#ask(gettext("New section"), gettext("Create"), "", async (name) => {
      await this.app.client.sections.change(addSection(id, name));
      if (conversation) await moveTo(this.app, conversation, id);
    });
  }

  /** @param {string} title @param {string} yes @param {string} name @param {(name: string) => Promise<unknown>} save */
  #ask(title, yes, name, save) {
    const { slots, dialog } = this;
    setText(slots.title, title);
    setText(slots.yes, yes);
    slots.name.value = name;
    slots.form.onsubmit = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      if (await attempt(dialog, () => save(slots.name.value))) dialog.close();
    };
    openDialog(dialog);
    slots.name.select();
  }

  /** @param {MouseEvent} event */
  #onSection(event) {
    const action = actionOf(event);
    const section = this.app.client.sections.all.find(({ id }) => id === this.#section);
    if (!action || !section) return;
    byId("section-menu").hidePopover();
    if (action === "rename") this.#rename(section);
    if (action === "up" || action === "down") this.#shift(section.id, action === "up" ? -1 : 1);
    if (action === "delete") void this.#delete(section);
  }

  /** @param {Section} section */
  #rename({ id, name }) {
    this.#ask(gettext("Rename section"), gettext("Save"), name, (wanted) => this.app.client.sections.change(renameSection(id, wanted)));
  }

  /** @param {string} id @param {number} step */
  #shift(id, step) {
    const others = this.app.client.sections.all.map((one) => one.id);
    const to = others.indexOf(id) + step;
    const before = others.filter((one) => one !== id)[to] ?? null;
    void changeSections(this.app, placeSection(id, before));
  }

  /** @param {Section} section */
  async #delete({ id, name, conversations }) {
    const question = {
      title: interpolate(gettext("Delete the section “%(name)s”?"), { name }),
      text: gettext("Its conversations stay, and go back to Channels and Direct messages."),
      yes: gettext("Delete"),
    };
    if (conversations.length === 0 || (await confirm(question))) await changeSections(this.app, removeSection(id));
  }

  /** @param {MouseEvent} event */
  #onMove(event) {
    const section = actionOf(event);
    if (!section) return;
    byId("move-menu").hidePopover();
    if (section === "new") this.create(this.#conversation);
    else void moveTo(this.app, this.#conversation, section);
  }
}

/** @param {MouseEvent} event */
function actionOf({ target }) {
  return target instanceof Element ? target.closest("[data-action]")?.getAttribute("data-action") : null;
}

/** @param {{id: string, name: string}} section @param {boolean} isHere */
function item({ id, name }, isHere) {
  const { root, slots } = clone("move-item");
  root.dataset.action = id;
  root.setAttribute("aria-checked", String(isHere));
  setText(slots.name, name);
  return root;
}
