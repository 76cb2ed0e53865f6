/** @import {App} from "./app.js" */
/** @import {Changes} from "../client/store.js" */

/**
 * What the tabs of one member tell each other: which conversation each of them shows to somebody who looks at it, and how
 * far has been read, at once. One of them is the leader, by a lock that ends with its page.
 *
 * @typedef {{from: string, reading: string | null} | {from: string, read: Record<string, number>} | {from: string, who: true}} Word
 */
export class Tabs {
  isLeader = false;
  /** @type {Map<string, string | null>} by tab: the conversation that is read in it */
  #reading = new Map();
  /** @type {Map<string, number>} by conversation: the read position that the others know */
  #positions = new Map();
  #id = crypto.randomUUID();
  /** @type {string | null} */
  #place = null;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.channel = new BroadcastChannel(`parley:${app.config.member}`);
    this.channel.onmessage = ({ data }) => this.#hear(data);
    app.store.observe((changes) => this.#onChanges(changes));
    for (const name of ["focus", "blur"]) window.addEventListener(name, () => this.#say());
    document.addEventListener("visibilitychange", () => this.#say());
    window.addEventListener("pagehide", () => this.#post({ from: this.#id, reading: null }));
    this.#post({ from: this.#id, who: true });
    this.#lead();
  }

  /** @param {string | undefined} conversation */
  setPlace(conversation) {
    this.#place = conversation ?? null;
    this.#say();
  }

  /** @param {string} conversation @returns {boolean} whether somebody looks at it, here or in another tab */
  isRead(conversation) {
    return this.#here === conversation || [...this.#reading.values()].includes(conversation);
  }

  get #here() {
    return document.visibilityState === "visible" && document.hasFocus() ? this.#place : null;
  }

  #say() {
    this.#post({ from: this.#id, reading: this.#here });
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    /** @type {Record<string, number>} */
    const read = {};
    for (const id of changes.participants) {
      const position = this.app.store.ownSeat(id)?.read_seq ?? 0;
      if (position <= (this.#positions.get(id) ?? 0)) continue;
      this.#positions.set(id, position);
      read[id] = position;
    }
    if (Object.keys(read).length) this.#post({ from: this.#id, read });
  }

  /** @param {Word} word */
  #hear(word) {
    if ("who" in word) this.#say();
    if ("reading" in word) this.#reading.set(word.from, word.reading);
    if (!("read" in word)) return;
    this.app.store.batch(() => {
      for (const [id, position] of Object.entries(word.read)) {
        this.#positions.set(id, Math.max(position, this.#positions.get(id) ?? 0));
        if (this.app.store.ownSeat(id)) this.app.store.moveRead(id, position);
      }
    });
  }

  /** @param {Word} word */
  #post(word) {
    this.channel.postMessage(word);
  }

  #lead() {
    if (!navigator.locks) {
      this.isLeader = true; // outside https: better told twice than not at all
      return;
    }
    void navigator.locks.request(`parley:leader:${this.app.config.member}`, () => {
      this.isLeader = true;
      return new Promise(() => {});
    });
  }
}
