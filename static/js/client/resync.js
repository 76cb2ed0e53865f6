/** @import {Api} from "./api.js" */
/** @import {Clock} from "./clock.js" */
/** @import {Mailbox} from "./mailbox.js" */
/** @import {SyncAnswer} from "./types.js" */

import { ApiError } from "./api.js";
import { fullJitter, Pause } from "./clock.js";

const GONE = new Set([403, 404]); // the member was removed: waiting does not help

/**
 * Fetches the state since the cursor until the mailbox is live. The first load, a gap, an emptied mailbox and polling all
 * use it, one at a time.
 */
export class Resync {
  /** The last failure; null after an answer. @type {ApiError | null} */
  trouble = null;
  /** @type {Promise<void> | null} */
  #running = null;
  #pause;
  #etag = "";

  /**
   * @param {object} options
   * @param {Api} options.api
   * @param {Mailbox} options.mailbox
   * @param {Clock} options.clock
   * @param {(answer: SyncAnswer) => void} [options.onAnswer]
   * @param {() => void} options.onChange called after each attempt, whether it succeeded or failed
   */
  constructor({ api, mailbox, clock, onAnswer = () => {}, onChange }) {
    this.api = api;
    this.mailbox = mailbox;
    this.clock = clock;
    this.onAnswer = onAnswer;
    this.onChange = onChange;
    this.#pause = new Pause(clock);
  }

  /** Resolve when the store is up to date, after as many attempts as it takes. Callers share one run. */
  run() {
    this.#running ??= this.#persist().finally(() => (this.#running = null));
    return this.#running;
  }

  /** Try once. Throws ApiError. */
  async attempt() {
    try {
      do await this.#once();
      while (this.mailbox.wantsSync);
      this.trouble = null;
    } catch (error) {
      if (error instanceof ApiError) this.trouble = error;
      throw error;
    } finally {
      this.onChange();
    }
  }

  /** Make the next attempt now. */
  poke() {
    this.#pause.end();
  }

  async #persist() {
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.attempt();
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (GONE.has(error.status)) return;
        if (error.status === 422) this.mailbox.cursor = ""; // the cursor is not of this server: fetch everything
        await this.#pause.wait(error.retryAfter ?? fullJitter(this.clock, failures));
      }
    }
  }

  async #once() {
    // An answer equal to the last one contains nothing new, unless events were lost since then.
    let etag = this.mailbox.state === "live" ? this.#etag : "";
    const sync = this.mailbox.beginSync();
    try {
      let found;
      do {
        found = await this.api.sync(sync.cursor, etag);
        etag = "";
        this.#etag = found.etag || this.#etag;
        if (found.answer) this.#check(found.answer);
      } while (found.answer ? this.mailbox.takeAnswer(sync, found.answer) : this.mailbox.finish(sync));
    } catch (error) {
      this.mailbox.abandon(sync);
      throw error;
    }
  }

  /** @param {SyncAnswer} answer if another member has signed in meanwhile, it must not replace this member's state */
  #check(answer) {
    if (answer.me.id !== this.mailbox.store.me) throw new ApiError(401, { code: "not_authenticated" });
    this.onAnswer(answer);
  }
}
