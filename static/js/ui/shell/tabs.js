/** @import {App} from "./app.js" */
/** @import {Read} from "../../client/reading.js" */
/** @import {Changes} from "../../client/store/entities.js" */

/**
 * Synchronizes the tabs of one member in a browser. Each tab publishes which conversation the member is reading in it, and
 * what counts as read. The tab that holds a lock is the leader; the lock ends with its page.
 *
 * @typedef {{from: string, reading: string | null} | {from: string, read: Record<string, Read>} | {from: string, who: true}} TabMessage
 */
export class Tabs {
  isLeader = false;
  /** @type {Map<string, string | null>} by tab: the conversation that the member is reading in it */
  #reading = new Map();
  /** @type {Map<string, string>} by conversation: the read state that the other tabs know, as JSON */
  #published = new Map();
  #id = crypto.randomUUID();
  /** @type {string | null} */
  #conversation = null;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.channel = new BroadcastChannel(`parley:${app.config.member}`);
    this.channel.onmessage = ({ data }) => this.#receive(data);
    app.store.observe((changes) => this.#onChanges(changes));
    for (const name of ["focus", "blur"]) window.addEventListener(name, () => this.#publishReading());
    document.addEventListener("visibilitychange", () => this.#publishReading());
    window.addEventListener("pagehide", () => this.#post({ from: this.#id, reading: null }));
    this.#post({ from: this.#id, who: true });
    this.#lead();
  }

  /** @param {string | undefined} conversation */
  setConversation(conversation) {
    this.#conversation = conversation ?? null;
    this.#publishReading();
  }

  /** @param {string} conversation @returns {boolean} whether the member is reading it, in this tab or another one */
  isRead(conversation) {
    return this.#visible === conversation || [...this.#reading.values()].includes(conversation);
  }

  get #visible() {
    return document.visibilityState === "visible" && document.hasFocus() ? this.#conversation : null;
  }

  #publishReading() {
    this.#post({ from: this.#id, reading: this.#visible });
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    /** @type {Record<string, Read>} */
    const found = {};
    for (const id of changes.participants) {
      const { read_seq = 0, read = [] } = this.app.store.ownParticipant(id) ?? {};
      const state = JSON.stringify(read);
      if (state === this.#published.get(id)) continue;
      this.#published.set(id, state);
      found[id] = { read_seq, read };
    }
    if (Object.keys(found).length) this.#post({ from: this.#id, read: found });
  }

  /** @param {TabMessage} message */
  #receive(message) {
    if ("who" in message) this.#publishReading();
    if ("reading" in message) this.#reading.set(message.from, message.reading);
    if (!("read" in message)) return;
    this.app.store.batch(() => {
      for (const [id, read] of Object.entries(message.read)) {
        this.#published.set(id, JSON.stringify(read.read)); // do not publish it back
        this.app.store.addRead(id, read);
      }
    });
  }

  /** @param {TabMessage} message */
  #post(message) {
    this.channel.postMessage(message);
  }

  #lead() {
    if (!navigator.locks) {
      this.isLeader = true; // outside https there are no locks: two notifications are better than none
      return;
    }
    void navigator.locks.request(`parley:leader:${this.app.config.member}`, () => {
      this.isLeader = true;
      return new Promise(() => {});
    });
  }
}
