/** @import {KeyValueStorage} from "./outbox.js" */

/** What was begun and not sent, one text per place (a conversation, or a thread in it), kept across reloads. */
export class Drafts {
  /** @type {Set<(place: string) => void>} */
  #observers = new Set();

  /** @param {{storage: KeyValueStorage, prefix: string}} options `prefix` names the member */
  constructor({ storage, prefix }) {
    this.storage = storage;
    this.prefix = prefix;
  }

  /** @param {string} place */
  get(place) {
    return this.storage.getItem(this.prefix + place) ?? "";
  }

  /** @param {string} place @param {string} text empty removes it */
  set(place, text) {
    const had = this.has(place);
    try {
      if (text.trim()) this.storage.setItem(this.prefix + place, text);
      else this.storage.removeItem(this.prefix + place);
    } catch {
      // Storage is full or forbidden: the text is still in the composer.
    }
    if (had !== this.has(place)) for (const observer of this.#observers) observer(place);
  }

  /** @param {string} place */
  has(place) {
    return this.get(place) !== "";
  }

  /** @param {(place: string) => void} observer told when a place gets its first draft or loses it */
  observe(observer) {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }
}
