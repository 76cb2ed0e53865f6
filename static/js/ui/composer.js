/** @import {App} from "./app.js" */

import { OutboxFull } from "../client/outbox.js";
import { clone, setText } from "./dom.js";
import { gettext, interpolate } from "./i18n.js";
import { toast } from "./toast.js";

const COUNT_FROM = 0.9; // of the longest message: from here on the characters that are left are shown
const DRAFT_PAUSE = 250; // milliseconds after the last key

/**
 * Where one writes. What is written is a draft of `place` (a conversation, or a thread in it) until it is sent.
 *
 * @typedef {object} Target
 * @property {string} place key of the draft
 * @property {string} label what the field is called
 * @property {(text: string) => void} send
 * @property {() => void} [onKey] something was typed
 * @property {() => boolean} editLast arrow up in an empty field; whether there was anything to edit
 */
export class Composer {
  /** @type {Target | null} */
  #target = null;
  #timer = 0;

  /** @param {App} app @param {HTMLElement} dock */
  constructor(app, dock) {
    this.app = app;
    const { root, slots } = clone("composer");
    this.root = root;
    this.slots = slots;
    /** @type {HTMLTextAreaElement} */
    this.input = slots.input;
    dock.append(root);
    root.addEventListener("submit", (/** @type {Event} */ event) => this.#submit(event));
    root.addEventListener("click", (/** @type {MouseEvent} */ event) => event.target === root.firstElementChild && this.focus());
    this.input.addEventListener("input", () => {
      this.#onInput();
      if (this.input.value) this.#target?.onKey?.();
    });
    this.input.addEventListener("keydown", (event) => this.#onKey(event));
    window.addEventListener("pagehide", () => this.#keepDraft());
    window.addEventListener("storage", (event) => this.#onStorage(event));
    growWithText(this.input);
  }

  /** @param {Target | null} target */
  setTarget(target) {
    if (this.#target?.place === target?.place) {
      this.#target = target;
      return;
    }
    this.#keepDraft();
    this.#target = target;
    this.root.hidden = target === null;
    if (!target) return;
    this.input.value = this.app.client.drafts.get(target.place);
    this.input.setAttribute("aria-label", target.label);
    this.input.placeholder = target.label;
    this.#onInput();
  }

  /** @param {string} text what stands below the field in place of the hint, such as who is typing */
  note(text) {
    setText(this.slots.note, text);
    this.slots.hint.hidden = text !== "";
  }

  focus() {
    this.input.focus({ preventScroll: true });
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const text = this.input.value.trimEnd();
    if (!text.trim() || text.length > this.app.config.messageLength || !this.#target) return;
    try {
      this.#target.send(text);
    } catch (error) {
      if (!(error instanceof OutboxFull)) throw error;
      toast(gettext("Too many messages are waiting for the connection. This one stays here."));
      return;
    }
    this.input.value = "";
    this.#onInput();
    this.#keepDraft();
    this.focus();
  }

  #onInput() {
    const { length } = [...this.input.value.trimEnd()];
    const left = this.app.config.messageLength - length;
    const near = left < this.app.config.messageLength * (1 - COUNT_FROM);
    this.slots.send.disabled = length === 0 || left < 0;
    this.slots.count.hidden = !near;
    this.slots.count.classList.toggle("is-over", left < 0);
    const format = left < 0 ? gettext("%(count)s characters too many") : gettext("%(count)s characters left");
    if (near) setText(this.slots.count, interpolate(format, { count: Math.abs(left) }));
    fitHeight(this.input);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keepDraft(), DRAFT_PAUSE);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (sends(event)) {
      event.preventDefault();
      this.root.requestSubmit();
    } else if (event.key === "ArrowUp" && this.input.value === "" && this.#target?.editLast()) event.preventDefault();
  }

  #keepDraft() {
    clearTimeout(this.#timer);
    if (this.#target) this.app.client.drafts.set(this.#target.place, this.input.value);
  }

  /** Another tab went on with the same draft. @param {StorageEvent} event */
  #onStorage(event) {
    if (!this.#target || event.key !== this.app.client.drafts.prefix + this.#target.place) return;
    if (document.activeElement === this.input) return;
    this.input.value = event.newValue ?? "";
    this.#onInput();
  }
}

/**
 * Whether a key sends: Enter, but not while an input method composes a word, nor on a keyboard of glass, where it is the
 * only way to a new line (there is a button).
 *
 * @param {KeyboardEvent} event
 */
export function sends(event) {
  const composing = event.isComposing || event.keyCode === 229;
  const enter = event.key === "Enter" && !event.shiftKey && !event.altKey;
  const modified = event.ctrlKey || event.metaKey;
  return enter && !composing && (modified || !matchMedia("(pointer: coarse)").matches);
}

/** @param {HTMLTextAreaElement} input where style sheets cannot do it yet */
export function growWithText(input) {
  input.dataset.grows = String(!CSS.supports("field-sizing", "content"));
}

/** @param {HTMLTextAreaElement} input */
export function fitHeight(input) {
  if (input.dataset.grows !== "true") return;
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
}
