/** @import {Api} from "./api.js" */
/** @import {Store} from "./store.js" */
/** @import {Section, Sidebar} from "./types.js" */

import { ApiError } from "./api.js";

/** @typedef {(sections: Section[]) => Section[]} Change returns the new sections and leaves the given ones as they are */

const ATTEMPTS = 3; // of one change, when other tabs change the sections at the same time

/** The member's own sections. A change is shown at once, and taken back if the server refuses it. */
export class Sections {
  /** @type {Change[]} those that the server has not confirmed, in order */
  #pending = [];
  /** @type {Promise<unknown>} the last request */
  #sent = Promise.resolve();
  /** @type {Set<() => void>} */
  #observers = new Set();
  /** @type {Section[] | null} the sections with all changes; null: to be computed anew */
  #all = null;
  /** @type {Map<string, string>} by conversation: its section */
  #homes = new Map();

  /** @param {{api: Api, store: Store}} options */
  constructor({ api, store }) {
    this.api = api;
    this.store = store;
    store.observe((changes) => changes.sidebars.size && this.#notify());
  }

  /** @returns {Section[]} from top to bottom, as the member has arranged them */
  get all() {
    this.#all ??= this.#compute();
    return this.#all;
  }

  /** @param {string} conversation @returns {string | undefined} the section that the member has moved it to */
  of(conversation) {
    return this.all && this.#homes.get(conversation);
  }

  /** @param {Change} change @returns {Promise<void>} resolves when the server has confirmed it; throws ApiError */
  change(change) {
    this.#pending = [...this.#pending, change];
    this.#notify();
    const request = this.#sent.then(() => this.#send(change)).finally(() => this.#settle(change));
    this.#sent = request.catch(() => {});
    return request;
  }

  /** @param {() => void} observer called when the sections have changed */
  observe(observer) {
    this.#observers.add(observer);
  }

  #compute() {
    const all = this.#pending.reduce((sections, change) => change(sections), this.#known?.sections ?? []);
    this.#homes = new Map(all.flatMap(({ id, conversations }) => conversations.map((one) => [one, id])));
    return all;
  }

  get #known() {
    return this.store.entities.sidebars.get(this.store.me);
  }

  /** @param {Change} change */
  async #send(change) {
    for (let attempt = 1; ; attempt += 1) {
      const { sections = [], version = 0 } = this.#known ?? {};
      try {
        this.#take(await this.api.put("members/me/sidebar", { sections: change(sections), version }));
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 409 || attempt === ATTEMPTS) throw error;
        this.#take(await this.api.get("members/me/sidebar"));
      }
    }
  }

  /** @param {Sidebar} sidebar */
  #take(sidebar) {
    this.store.putEntity("sidebar", sidebar);
  }

  /** @param {Change} change */
  #settle(change) {
    this.#pending = this.#pending.filter((one) => one !== change);
    this.#notify();
  }

  #notify() {
    this.#all = null;
    for (const observer of this.#observers) observer();
  }
}
