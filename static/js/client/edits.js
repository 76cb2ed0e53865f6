/** @import {KeyValueStorage} from "./outbox.js" */

/**
 * An edit that is neither saved nor cancelled yet.
 *
 * @typedef {object} Begun
 * @property {string} message its id
 * @property {string} conversation
 * @property {number} seq
 * @property {string} text the text so far
 * @property {string} base the text of the message when the edit was begun; it shows whether somebody else edited it meanwhile
 */

/** Edits in progress, one per message, kept across reloads until they are saved or cancelled. */
export class Edits {
  /** @type {Map<string, Begun>} by message */
  #begun = new Map();
  /** @type {Set<(message: string, conversation: string) => void>} */
  #observers = new Set();

  /** @param {{storage: KeyValueStorage, prefix: string}} options `prefix` names the member */
  constructor({ storage, prefix }) {
    this.storage = storage;
    this.prefix = prefix;
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
    for (const key of keys) if (key.startsWith(prefix)) this.#take(key, storage.getItem(key));
  }

  /** @param {string} message @returns {Begun | undefined} */
  get(message) {
    return this.#begun.get(message);
  }

  /** @param {string} conversation @param {number} first the seq of its oldest message; edits of earlier messages do not count */
  has(conversation, first) {
    return [...this.#begun.values()].some((one) => one.conversation === conversation && one.seq >= first);
  }

  /** @param {Begun} begun */
  keep(begun) {
    const isNew = !this.#begun.has(begun.message);
    this.#begun.set(begun.message, begun);
    try {
      this.storage.setItem(this.prefix + begun.message, JSON.stringify(begun));
    } catch {
      // Storage is full or forbidden: keep the edit as long as the page is open.
    }
    if (isNew) this.#notify(begun);
  }

  /** End the edit, because it is saved or cancelled. @param {string} message */
  end(message) {
    const begun = this.#begun.get(message);
    if (!begun) return;
    this.#begun.delete(message);
    this.storage.removeItem(this.prefix + message);
    this.#notify(begun);
  }

  /** Another tab wrote this to the storage. @param {string | null} key @param {string | null} value */
  hear(key, value) {
    if (!key?.startsWith(this.prefix)) return;
    const known = this.#begun.get(key.slice(this.prefix.length));
    const begun = this.#take(key, value);
    if (!begun) this.#begun.delete(key.slice(this.prefix.length));
    const either = begun ?? known;
    if (either && Boolean(begun) !== Boolean(known)) this.#notify(either);
  }

  /** @param {(message: string, conversation: string) => void} observer called when a message gets an edit or loses it */
  observe(observer) {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** @param {string} key @param {string | null} value @returns {Begun | null} */
  #take(key, value) {
    try {
      const begun = JSON.parse(value ?? "null");
      if (!begun || begun.message !== key.slice(this.prefix.length) || typeof begun.text !== "string") return null;
      this.#begun.set(begun.message, begun);
      return begun;
    } catch {
      return null;
    }
  }

  /** @param {Begun} begun */
  #notify({ message, conversation }) {
    for (const observer of this.#observers) observer(message, conversation);
  }
}
