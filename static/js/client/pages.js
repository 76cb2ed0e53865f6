/** @import {Api} from "./api.js" */
/** @import {Store} from "./store.js" */
/** @import {Message} from "./types.js" */

import { ApiError } from "./api.js";

export const PAGE = 50; // messages asked for at once
const ATTEMPTS = 5; // to get an answer that no resync has made outdated meanwhile

/** Fetches stretches of history into the store, and remembers where a history begins. */
export class Pages {
  /** @type {Map<string, number>} by conversation: the seq of its first message */
  #starts = new Map();
  /** @type {Map<string, Promise<Message[]>>} running requests, so that two callers share one */
  #under_way = new Map();

  /** @param {{api: Api, store: Store}} options */
  constructor({ api, store }) {
    this.api = api;
    this.store = store;
  }

  /** @param {string} conversation the last page */
  newest(conversation) {
    return this.#fetch(conversation, { limit: PAGE });
  }

  /** @param {string} conversation @param {number} seq */
  before(conversation, seq) {
    return this.#fetch(conversation, { before: seq, limit: PAGE });
  }

  /** @param {string} conversation @param {number} seq @param {number} [limit] */
  after(conversation, seq, limit = PAGE) {
    return this.#fetch(conversation, { after: seq, limit });
  }

  /** @param {string} conversation @param {number} seq */
  around(conversation, seq) {
    return this.#fetch(conversation, { around: seq, limit: PAGE });
  }

  /** @param {string} id of the root message; fetches it and all its replies */
  async thread(id) {
    return this.#load(() => this.api.list(`messages/${id}/thread`, { limit: 200 }));
  }

  /** @param {string} id @returns {Promise<Message>} */
  async message(id) {
    return this.#loadCurrent(
      () => this.api.get(`messages/${id}`),
      (message) => [message],
    );
  }

  /** @param {Promise<Message>} asked the answer to a change of a message, requested just now */
  async take(asked) {
    const { moment } = this.store;
    const message = await asked;
    if (this.store.isCurrent(message.conversation, moment)) this.store.takeMessage(message);
    else await this.message(message.id).catch(forgivingly); // the change was made, and its event or a sync brings it as well
  }

  /** @param {string} conversation @param {number} seq @returns {boolean} whether no message is older */
  isStart(conversation, seq) {
    return seq <= (this.store.conversations.get(conversation)?.first_seq ?? 1) || seq === this.#starts.get(conversation);
  }

  /**
   * @param {string} conversation
   * @param {{before?: number, after?: number, around?: number, limit: number}} query
   */
  #fetch(conversation, query) {
    const key = `${conversation} ${JSON.stringify(query)}`;
    const running = this.#under_way.get(key);
    if (running) return running;
    const request = this.#request(conversation, query).finally(() => this.#under_way.delete(key));
    this.#under_way.set(key, request);
    return request;
  }

  /**
   * @param {string} conversation
   * @param {{before?: number, after?: number, around?: number, limit: number}} query
   * @returns {Promise<Message[]>} oldest first
   */
  async #request(conversation, query) {
    const results = await this.#load(async () => (await this.api.get(`conversations/${conversation}/messages`, query)).results);
    const backwards = query.after === undefined && query.around === undefined;
    if (backwards && results.length < query.limit) {
      this.#starts.set(conversation, results[0]?.seq ?? query.before ?? 1);
    }
    return results;
  }

  /** @param {() => Promise<Message[]>} ask */
  #load(ask) {
    return this.#loadCurrent(ask, (messages) => messages);
  }

  /**
   * Put the messages of an answer into the store. If the store forgot some of their history in the meantime, the answer may
   * be older than what was forgotten, so ask again.
   *
   * @template T
   * @param {() => Promise<T>} ask
   * @param {(answer: T) => Message[]} messagesOf
   */
  async #loadCurrent(ask, messagesOf) {
    for (let attempt = 1; ; attempt += 1) {
      const { moment } = this.store;
      const answer = await ask();
      const messages = messagesOf(answer);
      const isCurrent = messages.every(({ conversation }) => this.store.isCurrent(conversation, moment));
      if (!isCurrent && attempt < ATTEMPTS) continue;
      if (isCurrent) this.store.batch(() => messages.forEach((message) => this.store.putMessage(message)));
      return answer;
    }
  }
}

/** @param {unknown} error */
function forgivingly(error) {
  if (!(error instanceof ApiError)) throw error;
}
