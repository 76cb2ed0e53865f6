/** @import {App} from "../shell/app.js" */

import { serverClock } from "../../client/clock.js";
import { OutboxFull } from "../../client/outbox.js";
import { clone, once, setText } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { isComposing, plainKey } from "../lib/keys.js";
import { toast } from "../lib/toast.js";

const COUNT_FROM = 0.9; // of the longest message: beyond this share the remaining characters are shown
const DRAFT_PAUSE = 250; // milliseconds after the last key
const HEAD_START = 1_000; // milliseconds after the last key in which a change of the draft by another tab is ignored
const MAY_CONVERT = /[:;<]/; // characters that every emoji name and every smiley contains
const KNOWN_WITHIN = 1_500; // milliseconds to wait for the names of emoji; after that a message is sent as it was typed
const TICK = 1_000; // milliseconds between two updates of the remaining waiting time

/**
 * The composer. Until it is sent, the text is the draft of its target: a conversation, or a thread in it.
 *
 * @typedef {object} Target
 * @property {string} draft key of the draft
 * @property {string} conversation its id
 * @property {string} label of the field
 * @property {(text: string) => void} send
 * @property {() => void} [onKey] called when something is typed
 * @property {() => boolean} editLast called for arrow up in an empty field; returns whether there was a message to edit
 * @property {number} [heldUntil] milliseconds since 1970, server time; nothing can be sent before (slow mode)
 */
export class Composer {
  /** @type {Target | null} */
  #target = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #ticking;
  #note = "";
  #typedAt = -Infinity;
  /** @type {import("./writing.js").Writing | null} */
  #writing = null;

  /** @param {App} app @param {HTMLElement} dock */
  constructor(app, dock) {
    this.app = app;
    const { root, slots } = clone("composer");
    this.root = root;
    this.slots = slots;
    /** @type {HTMLTextAreaElement} */
    this.input = slots.input;
    // Completion, formatting and preview are fetched when the member begins to write.
    this.loadWriting = once(async () => (this.#writing = new (await import("./writing.js")).Writing(this)));
    dock.append(root);
    root.addEventListener("submit", (/** @type {Event} */ event) => this.#submit(event));
    root.addEventListener("click", (/** @type {MouseEvent} */ event) => void this.#onClick(event));
    this.input.addEventListener("focus", () => this.loadWriting().catch(() => {})); // writing works without it; the buttons fetch it again
    this.input.addEventListener("input", () => this.#onInput());
    this.input.addEventListener("keydown", (event) => this.#onKey(event));
    this.input.addEventListener("paste", (event) => void this.#onPaste(event));
    window.addEventListener("pagehide", () => this.#keepDraft());
    window.addEventListener("storage", (event) => this.#onStorage(event));
    growWithText(this.input);
  }

  /** @returns {Target | null} */
  get target() {
    return this.#target;
  }

  /** @param {Target | null} target */
  setTarget(target) {
    const same = this.#target?.draft === target?.draft;
    if (!same) this.#keepDraft();
    this.#target = target;
    this.#tick();
    if (same) return;
    this.#writing?.reset();
    this.root.hidden = target === null;
    if (!target) return;
    this.input.value = this.app.client.drafts.get(target.draft);
    this.input.setAttribute("aria-label", target.label);
    this.input.placeholder = target.label;
    this.#show();
  }

  /** @param {string} text shown below the field instead of the hint, such as who is typing */
  note(text) {
    this.#note = text;
    this.#tick();
  }

  focus() {
    this.input.focus({ preventScroll: true });
  }

  /** @returns {number} seconds until the member may send again */
  get #wait() {
    return Math.max(0, Math.ceil(((this.#target?.heldUntil ?? 0) - serverClock.now()) / 1_000));
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const text = this.input.value.trimEnd();
    if (!text.trim() || this.#left < 0 || this.#wait > 0 || !this.#target || this.input.readOnly) return;
    const ready = this.#writing ? this.#writing.convert(text) : MAY_CONVERT.test(text) ? null : text;
    if (ready === null) void this.#sendWhenKnown(this.#target, text);
    else this.#send(this.#target, ready);
  }

  /** Send after the names of emoji have been fetched; without a network send the text as it was typed. @param {Target} target @param {string} text */
  async #sendWhenKnown(target, text) {
    const loaded = this.loadWriting().then(async (writing) => {
      await (await import("../emoji/data.js")).loadEmojis();
      return writing;
    });
    const late = new Promise((resolve) => setTimeout(() => resolve(null), KNOWN_WITHIN));
    this.input.readOnly = true;
    const writing = await Promise.race([loaded, late]).catch(() => null);
    this.input.readOnly = false;
    this.#send(target, writing?.convert(text) ?? text);
  }

  /** @param {Target} target @param {string} text */
  #send(target, text) {
    try {
      target.send(text);
    } catch (error) {
      if (!(error instanceof OutboxFull)) throw error;
      toast(gettext("Too many messages are waiting for the connection. This one stays here."));
      return;
    }
    if (target.draft !== this.#target?.draft) {
      this.app.client.drafts.set(target.draft, ""); // the member has opened another conversation meanwhile
      return;
    }
    this.input.value = "";
    this.#writing?.reset();
    this.#show();
    this.#keepDraft();
    this.focus();
  }

  /** The number of remaining characters, as the server counts them. */
  get #left() {
    const { value } = this.input;
    const most = this.app.config.messageLength;
    // Counting code points takes longer than the length, so it is done near the limit only.
    return most - (value.length < most * COUNT_FROM ? value.length : [...value.trimEnd()].length);
  }

  #onInput() {
    this.#typedAt = performance.now();
    this.#show();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keepDraft(), DRAFT_PAUSE);
    if (this.input.value) this.#target?.onKey?.();
  }

  #show() {
    const left = this.#left;
    const near = left < this.app.config.messageLength * (1 - COUNT_FROM);
    this.slots.send.disabled = !this.input.value.trim() || left < 0 || this.#wait > 0;
    this.slots.count.hidden = !near;
    this.slots.count.classList.toggle("is-over", left < 0);
    const format = left < 0 ? gettext("%(count)s characters too many") : gettext("%(count)s characters left");
    if (near) setText(this.slots.count, interpolate(format, { count: Math.abs(left) }));
    fitHeight(this.input);
  }

  /** Show the text below the field: the remaining waiting time, else the note. */
  #tick() {
    clearTimeout(this.#ticking);
    const wait = this.#wait;
    setText(
      this.slots.note,
      wait > 0 ? interpolate(gettext("Slow mode: you can send again in %(count)s s."), { count: wait }) : this.#note,
    );
    this.slots.hint.hidden = wait > 0 || this.#note !== "";
    this.#show();
    if (wait > 0) this.#ticking = setTimeout(() => this.#tick(), TICK);
  }

  /** @param {MouseEvent} event */
  async #onClick({ target }) {
    const at = /** @type {Element} */ (target);
    const button = /** @type {HTMLElement | null} */ (at.closest("[data-tool]"));
    if (button) (await this.loadWriting()).press(button);
    else if (at === this.slots.box) this.focus();
  }

  /** Offer a code block for pasted text, after the writing aids have been fetched. @param {ClipboardEvent} event */
  async #onPaste(event) {
    const text = event.clipboardData?.getData("text/plain").replace(/\r\n?/g, "\n") ?? ""; // as the field stores it
    if (this.#writing?.linkSelection(event, text)) return;
    const from = this.input.selectionStart;
    const writing = await this.loadWriting().catch(() => null);
    setTimeout(() => writing?.offerBlock(from, text)); // after the paste has been done
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (this.#writing?.onKey(event)) return;
    if (sends(event)) {
      event.preventDefault();
      this.root.requestSubmit();
    } else if (plainKey(event) === "ArrowUp" && this.input.value === "" && this.#target?.editLast()) event.preventDefault();
  }

  #keepDraft() {
    clearTimeout(this.#timer);
    if (this.#target) this.app.client.drafts.set(this.#target.draft, this.input.value);
  }

  /** Another tab has changed the same draft. @param {StorageEvent} event */
  #onStorage(event) {
    if (!this.#target || event.key !== this.app.client.drafts.prefix + this.#target.draft) return;
    const text = event.newValue ?? "";
    if (performance.now() - this.#typedAt < HEAD_START || this.input.value === text) return;
    this.input.value = text;
    this.#show();
  }
}

/**
 * Whether a key sends the message: Enter, except while an input method composes a word, and except on a touch keyboard, where
 * Enter is the only way to start a new line.
 *
 * @param {KeyboardEvent} event
 */
export function sends(event) {
  const enter = event.key === "Enter" && !event.shiftKey && !event.altKey;
  const modified = event.ctrlKey || event.metaKey;
  return enter && !isComposing(event) && (modified || !matchMedia("(pointer: coarse)").matches);
}

/** @param {HTMLTextAreaElement} input is resized here in browsers whose style sheets cannot do it */
export function growWithText(input) {
  input.dataset.grows = String(!CSS.supports("field-sizing", "content"));
}

/** @param {HTMLTextAreaElement} input */
export function fitHeight(input) {
  if (input.dataset.grows !== "true") return;
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
}
