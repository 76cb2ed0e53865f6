/** @import {App} from "./app.js" */
/** @import {Read} from "../../client/reading.js" */
/** @import {Changes} from "../../client/store.js" */

/**
 * What the tabs of one member tell each other: which conversation each of them shows to somebody who looks at it, and what
 * counts as read, at once. One of them is the leader, by a lock that ends with its page.
 *
 * @typedef {{from: string, reading: string | null} | {from: string, read: Record<string, Read>} | {from: string, who: true}} Word
 */
export class Tabs {
  isLeader = false;
  /** @type {Map<string, string | null>} by tab: the conversation that is read in it */
  #reading = new Map();
  /** @type {Map<string, string>} by conversation: what the others were told, as JSON */
  #told = new Map();
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
    /** @type {Record<string, Read>} */
    const found = {};
    for (const id of changes.participants) {
      const { read_seq = 0, read = [] } = this.app.store.ownSeat(id) ?? {};
      const told = JSON.stringify(read);
      if (told === this.#told.get(id)) continue;
      this.#told.set(id, told);
      found[id] = { read_seq, read };
    }
    if (Object.keys(found).length) this.#post({ from: this.#id, read: found });
  }

  /** @param {Word} word */
  #hear(word) {
    if ("who" in word) this.#say();
    if ("reading" in word) this.#reading.set(word.from, word.reading);
    if (!("read" in word)) return;
    this.app.store.batch(() => {
      for (const [id, read] of Object.entries(word.read)) {
        this.#told.set(id, JSON.stringify(read.read)); // nobody is told again what they have told
        this.app.store.addRead(id, read);
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
