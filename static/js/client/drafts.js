/** @import {KeyValueStorage} from "./outbox.js" */

/** Texts that are written and not sent, kept across reloads. There is one per target: a conversation, or a thread in it. */
export class Drafts {
  /** @type {Set<(target: string) => void>} */
  #observers = new Set();

  /** @param {{storage: KeyValueStorage, prefix: string}} options `prefix` names the member */
  constructor({ storage, prefix }) {
    this.storage = storage;
    this.prefix = prefix;
  }

  /** @param {string} target */
  get(target) {
    return this.storage.getItem(this.prefix + target) ?? "";
  }

  /** @param {string} target @param {string} text an empty one removes the draft */
  set(target, text) {
    const had = this.has(target);
    try {
      if (text.trim()) this.storage.setItem(this.prefix + target, text);
      else this.storage.removeItem(this.prefix + target);
    } catch {
      // Storage is full or forbidden: the text is still in the composer.
    }
    if (had !== this.has(target)) for (const observer of this.#observers) observer(target);
  }

  /** @param {string} target */
  has(target) {
    return this.get(target) !== "";
  }

  /** @param {(target: string) => void} observer called when a target gets a draft or loses it */
  observe(observer) {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }
}
