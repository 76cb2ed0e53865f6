/** @import {App} from "../shell/app.js" */
/** @import {Row} from "./message-rows.js" */

import { clone, setIcon, setText } from "../lib/dom.js";
import { writeTime } from "../lib/format.js";
import { MessageNode } from "./message.js";
import { ActivityNode } from "./thread-activity.js";

const STOPS = ".message, .activity-button"; // the elements that the arrow keys move between

/** Keeps an `<ol>` equal to a list of rows. A node stays as long as its key is in the list. One message can be reached with Tab. */
export class MessageList {
  /** @type {Map<string, {root: HTMLElement, kind: string, node: MessageNode | ActivityNode | null}>} by key */
  #nodes = new Map();
  /** @type {HTMLElement | null} */
  #tabStop = null;

  /**
   * @param {App} app
   * @param {HTMLElement} element
   * @param {{added?: (root: HTMLElement) => void, removed?: (root: HTMLElement) => void, beginning?: (root: HTMLElement, slots: Record<string, any>) => void, retry?: (edge: "before" | "after") => void}} [hooks]
   */
  constructor(app, element, hooks = {}) {
    this.app = app;
    this.element = element;
    this.hooks = hooks;
    element.addEventListener("focusin", (event) => this.#moveTabStop(event.target));
  }

  /** @param {Row[]} rows */
  show(rows) {
    const wanted = new Set(rows.map((row) => row.key));
    for (const [key, { root }] of this.#nodes) {
      if (wanted.has(key)) continue;
      this.#nodes.delete(key);
      this.hooks.removed?.(root);
      root.remove();
    }
    let next = this.element.firstElementChild;
    for (const row of rows) {
      const root = this.#update(row);
      if (root === next) next = root.nextElementSibling;
      else this.element.insertBefore(root, next);
    }
    if (!this.#tabStop?.isConnected) this.#setTabStop(this.#stops().at(-1) ?? null);
  }

  clear() {
    this.show([]);
  }

  /** @param {string} key of a row @returns {HTMLElement | null} */
  withKey(key) {
    return this.#nodes.get(key)?.root ?? null;
  }

  /** @param {EventTarget | null} target @returns {MessageNode | undefined} the message in which an event happened */
  nodeOf(target) {
    const root = target instanceof Element ? target.closest(".message") : null;
    for (const { node } of root ? this.#nodes.values() : []) if (node?.root === root && node instanceof MessageNode) return node;
    return undefined;
  }

  /** @param {number} seq @returns {HTMLElement | null} the row of the message; for a reply the row of its thread's activity */
  atSeq(seq) {
    const message = this.element.querySelector(`.message[data-seq="${seq}"]`);
    return /** @type {HTMLElement | null} */ (message ?? this.#lastUpTo(seq));
  }

  /** @param {number} step from the message that has the focus @returns {boolean} whether there was one */
  moveFocus(step) {
    const all = this.#stops();
    const index = all.indexOf(/** @type {HTMLElement} */ (document.activeElement?.closest(STOPS)));
    const target = index < 0 ? all.at(-1) : all[index + step];
    target?.focus({ preventScroll: true });
    target?.scrollIntoView({ block: "nearest" });
    return target !== undefined;
  }

  /** @param {Row} row */
  #update(row) {
    let known = this.#nodes.get(row.key);
    if (!known) {
      known = this.#make(row);
      this.#nodes.set(row.key, known);
      this.hooks.added?.(known.root);
    }
    known.node?.update(row);
    return known.root;
  }

  /** @param {Row} row */
  #make(row) {
    if (row.kind === "message" || row.kind === "pending") {
      const node = new MessageNode(this.app);
      return { root: node.root, kind: row.kind, node };
    }
    if (row.kind === "activity") {
      const node = new ActivityNode(this.app);
      return { root: node.root, kind: row.kind, node };
    }
    const { root, slots } = clone(`row-${row.kind}`);
    if (row.kind === "count") setText(slots.label, row.label ?? "");
    if (row.kind === "day") writeTime(slots.label, row.at ?? "", { words: "day" });
    if (row.kind === "beginning") this.hooks.beginning?.(root, { ...slots, setIcon });
    if (row.kind === "edge") slots.retry.addEventListener("click", () => this.hooks.retry?.(row.edge ?? "before"));
    return { root, kind: row.kind, node: null };
  }

  #stops() {
    return [...this.element.querySelectorAll(STOPS)].map((one) => /** @type {HTMLElement} */ (one));
  }

  /** @param {number} seq */
  #lastUpTo(seq) {
    const all = [...this.element.querySelectorAll(":scope > [data-seq]")].map((one) => /** @type {HTMLElement} */ (one));
    return all.find((one) => Number(one.dataset.first ?? Infinity) <= seq && seq <= Number(one.dataset.seq)) ?? null;
  }

  /** @param {EventTarget | null} target */
  #moveTabStop(target) {
    const message = target instanceof Element ? target.closest(STOPS) : null;
    if (message) this.#setTabStop(/** @type {HTMLElement} */ (message));
  }

  /** @param {HTMLElement | null} root */
  #setTabStop(root) {
    if (this.#tabStop) this.#tabStop.tabIndex = -1;
    if (root) root.tabIndex = 0;
    this.#tabStop = root;
  }
}
