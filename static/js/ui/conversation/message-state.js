/** @import {Change} from "../../client/changes.js" */
/** @import {Entry} from "../../client/outbox.js" */
/** @import {Slots} from "../lib/dom.js" */
/** @import {App} from "../shell/app.js" */

import { setIcon, setText } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { changesOn, isCutOff, refusalOf } from "./changes.js";

const PATIENCE = 1_500; // milliseconds before a message shows that it is being sent: most have arrived by then

/** The line below a message that says what is not confirmed yet: the message itself, or changes of it. */
export class MessageState {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {App} app @param {HTMLElement} root @param {Slots} slots */
  constructor(app, root, slots) {
    this.app = app;
    this.root = root;
    this.slots = slots;
  }

  /** @param {Entry} entry a message that is being sent */
  showEntry({ state, error }) {
    this.root.classList.add("is-pending");
    if (state === "failed") this.#showRefusal(interpolate(gettext("Not sent: %(reason)s"), { reason: error ?? "" }));
    else this.#showWaiting(isCutOff(this.app) ? gettext("Waiting for the connection") : gettext("Sending…"));
  }

  /** @param {string} message whose changes may be waiting or refused */
  showChanges(message) {
    const { waiting, refused } = changesOn(this.app, message);
    const said = waiting.filter(({ kind }) => kind !== "reaction"); // a reaction shows it itself
    this.root.classList.remove("is-pending");
    this.root.classList.toggle("is-changing", said.length > 0);
    if (refused.length) this.#showRefusal(refusalOf(refused));
    else if (said.length) this.#showWaiting(isCutOff(this.app) ? gettext("Saved when you are back online") : gettext("Saving…"));
    else this.#hide();
  }

  #hide() {
    clearTimeout(this.#timer);
    this.root.classList.remove("is-failed");
    this.slots.state.hidden = true;
  }

  /** @param {string} text */
  #showRefusal(text) {
    this.#show("alert", text, true);
    this.slots.state.hidden = false;
  }

  /** @param {string} text */
  #showWaiting(text) {
    this.#show("clock", text, false);
    if (isCutOff(this.app)) this.slots.state.hidden = false;
    else this.#timer = setTimeout(() => (this.slots.state.hidden = false), PATIENCE);
  }

  /** @param {string} icon @param {string} text @param {boolean} failed */
  #show(icon, text, failed) {
    clearTimeout(this.#timer);
    this.root.classList.toggle("is-failed", failed);
    this.slots.retry.hidden = this.slots.discard.hidden = !failed;
    setIcon(this.slots["state-icon"], icon);
    setText(this.slots["state-text"], text);
  }
}

/** @param {App} app @param {string} message @returns {string} changes when what the line says does */
export function stateKey(app, message) {
  const changes = app.client.outbox.changesOf(message);
  return changes.length ? `${changes.map(({ ref, state }) => ref + state).join()} ${isCutOff(app)}` : "";
}

/** @param {App} app @param {string} message @param {string} emoji @returns {boolean} whether this reaction is not confirmed yet */
export function isWaiting(app, message, emoji) {
  const changes = app.client.outbox.changesOf(message);
  return changes.some(
    (/** @type {Change} */ { kind, value, state }) => kind === "reaction" && state === "sending" && value.emoji === emoji,
  );
}
