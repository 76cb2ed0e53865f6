/** @import {Item, KeyValueStorage} from "./outbox.js" */

/** Entries of the outbox in the browser's storage. Each has a key of its own, so that two tabs cannot overwrite each other's. */
export class OutboxStorage {
  /** @type {Set<string>} refs of this page's entries that could be written */
  #kept = new Set();

  /** @param {KeyValueStorage} storage @param {string} prefix of the keys */
  constructor(storage, prefix) {
    this.storage = storage;
    this.prefix = prefix;
  }

  /** @returns {Item[]} the entries of all tabs, in their order */
  all() {
    const keys = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index) ?? "");
    const found = keys.filter((key) => key.startsWith(this.prefix)).map((key) => this.#read(key));
    return found
      .filter((item) => item !== null)
      .sort((one, other) => one.order - other.order || (one.created_at < other.created_at ? -1 : 1));
  }

  /** @param {Item} item this page keeps it from now on */
  claim({ ref }) {
    this.#kept.add(ref);
  }

  /** @param {Item} item */
  put(item) {
    try {
      this.storage.setItem(this.prefix + item.ref, JSON.stringify(item));
      this.#kept.add(item.ref);
    } catch {
      this.#kept.delete(item.ref); // storage is full or forbidden: keep the entry as long as the page is open
    }
  }

  /** @param {Item} item */
  remove({ ref }) {
    this.#kept.delete(ref);
    this.storage.removeItem(this.prefix + ref);
  }

  /** @param {Item} item @returns {boolean} whether another tab sent or discarded it */
  isSettledElsewhere({ ref }) {
    return this.#kept.has(ref) && this.storage.getItem(this.prefix + ref) === null;
  }

  /** @param {Item} item @returns {Item} as another tab may have written it since */
  latest(item) {
    return (this.#kept.has(item.ref) && this.#read(this.prefix + item.ref)) || item;
  }

  /** @param {string} key @returns {Item | null} */
  #read(key) {
    try {
      const item = JSON.parse(this.storage.getItem(key) ?? "null");
      const isMessage = typeof item?.text === "string";
      if (typeof item?.ref !== "string" || !(isMessage || typeof item.kind === "string")) return null;
      return { ...item, order: Number.isSafeInteger(item.order) ? item.order : 0 }; // entries of earlier versions have none
    } catch {
      return null;
    }
  }
}
