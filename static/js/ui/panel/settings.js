/** @import {App} from "../shell/app.js" */
/** @import {ApiError} from "../../client/api.js" */
/** @import {Change} from "../../client/changes.js" */
/** @import {Conversation} from "../../client/types.js" */
/** @import {Subject} from "./panel.js" */

import { archiveChannel, restoreChannel } from "../../client/actions.js";
import { isCutOff, makeChange } from "../conversation/changes.js";
import { ask, attempt } from "../dialogs/dialog.js";
import { leave } from "../dialogs/leave.js";
import { clone, setText } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { conversationTitle, isChannel } from "../lib/names.js";
import { isOpenChannel } from "./panel.js";

/** @param {App} app */
export const make = (app) => new Settings(app);

/** The settings of a conversation. Each one is saved when it is changed, and the panel says so. */
class Settings {
  #id = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const { root, slots } = clone("panel-settings");
    /** @type {HTMLElement} */
    this.element = root;
    this.slots = slots;
    slots.form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      const field = /** @type {HTMLElement | null} */ (document.activeElement);
      if (slots.form.contains(field)) field?.blur(); // which saves what was changed
      field?.focus();
    });
    slots.form.addEventListener("change", (/** @type {Event} */ event) => this.#save(/** @type {any} */ (event.target)));
    slots.form.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#onKey(event));
    slots.preferences.addEventListener("change", () => this.#savePreferences());
    slots.actions.addEventListener("click", (/** @type {Event} */ event) => void this.#act(event));
    app.client.outbox.takeRefusals((change, error) => this.#takeRefusal(change, error));
  }

  /** @param {Subject} subject */
  titles({ conversation }) {
    const title = conversation && !isChannel(conversation) ? gettext("Settings") : gettext("Channel settings");
    return { title, subtitle: conversation && conversationTitle(this.app.store, conversation) };
  }

  /** @param {Subject} subject */
  open({ conversation }) {
    if (conversation?.id !== this.#id) {
      this.slots.form.reset();
      for (const error of this.element.querySelectorAll("[data-error]")) this.#clear(error.getAttribute("data-error") ?? "");
    }
    this.#id = conversation?.id ?? "";
    setText(this.slots.saved, "");
    this.render();
  }

  get #conversation() {
    return this.app.store.conversations.get(this.#id);
  }

  /** Whether the member may manage this channel: as its admin, or as a moderator of the organization. */
  get #isAdmin() {
    return this.app.store.ownParticipant(this.#id)?.role === "admin" || this.app.config.rights.includes("manage_channels");
  }

  /** Whether the member is the channel's admin. A moderator of the organization must give a reason instead. */
  get #isOwn() {
    return this.app.store.ownParticipant(this.#id)?.role === "admin";
  }

  render() {
    const conversation = this.#conversation;
    if (!conversation) return;
    const participant = this.app.store.ownParticipant(conversation.id);
    const open = isOpenChannel(conversation);
    this.slots.form.hidden = !open || !(this.#isAdmin || (participant && this.app.config.rights.includes("browse")));
    this.slots["name-field"].hidden = !this.#isAdmin;
    this.#show(this.slots.name, conversation.name ?? "");
    this.#show(this.slots.topic, conversation.topic);
    this.slots.preferences.hidden = !participant;
    this.slots.notifications.value = participant?.notifications ?? "all";
    this.slots.muted.checked = participant?.muted ?? false;
    this.slots.favourite.checked = participant?.favourite ?? false;
    this.slots.actions.hidden = !isChannel(conversation);
    this.slots.archive.hidden = !open || !this.#isAdmin;
    this.slots.restore.hidden = !conversation.archived_at || !this.#isAdmin;
    this.slots.leave.hidden = !participant;
  }

  /** Show the saved value, unless the member is changing it or it was refused. @param {HTMLInputElement} input @param {string} value */
  #show(input, value) {
    input.defaultValue = value;
    if (document.activeElement !== input && input.ariaInvalid !== "true") input.value = value;
  }

  /** Enter saves a field, also the topic's, which has several lines. Escape takes a change back before it closes the panel. @param {KeyboardEvent} event */
  #onKey(event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const key = plainKey(event);
    if (key === "Enter") {
      event.preventDefault();
      this.slots.form.requestSubmit();
    } else if (key === "Escape" && input.value !== input.defaultValue) {
      event.preventDefault();
      input.value = input.defaultValue;
      this.#clear(input.name);
    }
  }

  /** @param {HTMLInputElement} input */
  #save(input) {
    const conversation = this.#conversation;
    const value = input.value.trim();
    this.#clear(input.name);
    if (!conversation || value === input.defaultValue) return;
    this.#change("details", { [input.name]: value });
  }

  #savePreferences() {
    for (const name of ["notifications", "muted", "favourite"]) this.#clear(name);
    this.#change("own", {
      notifications: this.slots.notifications.value,
      muted: this.slots.muted.checked,
      favourite: this.slots.favourite.checked,
    });
  }

  /** Make a change through the outbox. A refusal is shown beside the field, or above the composer if the panel is closed by then. @param {"details" | "own"} kind @param {{}} value */
  #change(kind, value) {
    const made = makeChange(this.app, kind, this.#id, this.#id, value);
    const saved = isCutOff(this.app) ? gettext("Saved when you are back online.") : gettext("Saved.");
    setText(this.slots.saved, made ? saved : "");
    this.render();
  }

  /**
   * Show beside its fields why a change was refused. What was typed stays in them. Fields of the same change that are not to
   * blame are saved without the others. Fields that were changed again since then wait for the answer to that change.
   *
   * @param {Change} change
   * @param {ApiError} error
   * @returns {boolean} whether it is shown here
   */
  #takeRefusal(change, { errors, message }) {
    const { kind, conversation } = change;
    if (conversation !== this.#id || (kind !== "own" && kind !== "details") || !this.element.checkVisibility()) return false;
    const value = this.#latest(change);
    const blamed = Object.keys(value).filter((name) => errors[name]);
    const names = blamed.length ? blamed : Object.keys(value);
    if (!names.every((name) => this.slots[name].checkVisibility())) return false;
    for (const name of names) this.#refuse(name, value[name], errors[name]?.join(" ") ?? Object.values(errors).flat()[0] ?? message);
    setText(this.slots.saved, "");
    const others = Object.entries(value).filter(([name]) => !names.includes(name));
    if (others.length) this.#change(kind, Object.fromEntries(others));
    queueMicrotask(() => this.render()); // when the store shows the change no more
    return true;
  }

  /** @param {Change} change @returns {Record<string, unknown>} its values without those of fields that were changed again */
  #latest({ kind, conversation, value, order }) {
    const later = this.app.client.outbox.changesOf(conversation).filter((one) => one.kind === kind && one.order > order);
    return Object.fromEntries(Object.entries(value).filter(([name]) => later.every((one) => !(name in one.value))));
  }

  /** @param {string} name of a field @param {unknown} value @param {string} reason */
  #refuse(name, value, reason) {
    const input = this.slots[name];
    const error = this.#errorOf(name);
    setText(error, reason);
    error.hidden = false;
    if (!isTyped(input)) return; // a choice shows what is saved
    if (document.activeElement !== input) input.value = value;
    input.setAttribute("aria-invalid", "true");
  }

  /** @param {string} name of a field, or "" for the notice above all of them */
  #clear(name) {
    const error = this.#errorOf(name);
    error.hidden = true;
    setText(error, "");
    this.slots[name]?.removeAttribute("aria-invalid");
  }

  /** @param {string} name @returns {HTMLElement} */
  #errorOf(name) {
    return /** @type {HTMLElement} */ (this.element.querySelector(`[data-error="${name}"]`));
  }

  /** @param {() => Promise<unknown>} work @returns {Promise<boolean>} */
  async #attempt(work) {
    setText(this.slots.saved, "");
    const done = await attempt(this.element, work);
    if (done) setText(this.slots.saved, gettext("Saved."));
    this.render();
    return done;
  }

  /** @param {Event} event */
  async #act(event) {
    const button = /** @type {Element} */ (event.target).closest("[data-action]");
    const conversation = this.#conversation;
    if (!button || !conversation) return;
    const action = button.getAttribute("data-action");
    if (action === "restore") await this.#restore(conversation);
    if (action === "archive") await this.#archive(conversation);
    if (action === "leave") await attempt(this.element, () => leave(this.app, conversation));
  }

  /** @param {Conversation} conversation */
  async #archive(conversation) {
    const title = interpolate(gettext("Archive #%(name)s?"), { name: conversation.name ?? "" });
    const text = gettext("It can still be read and searched. Nobody can write in it until it is restored.");
    const reason = await ask({ title, text, yes: gettext("Archive"), reason: !this.#isOwn });
    if (reason !== null) await this.#attempt(() => archiveChannel(this.app.client, conversation.id, reason));
  }

  /** @param {Conversation} conversation */
  async #restore(conversation) {
    const title = interpolate(gettext("Restore #%(name)s?"), { name: conversation.name ?? "" });
    const text = gettext("Everybody in it can write again.");
    const reason = this.#isOwn ? "" : await ask({ title, text, yes: gettext("Restore"), reason: true });
    if (reason !== null) await this.#attempt(() => restoreChannel(this.app.client, conversation.id, reason));
  }
}

/** @param {HTMLElement} input @returns {boolean} whether the member writes in it, so that its text is kept */
const isTyped = (input) => input.matches("[maxlength]");
