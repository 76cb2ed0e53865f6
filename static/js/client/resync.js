/** @import {Api} from "./api.js" */
/** @import {Clock} from "./clock.js" */
/** @import {Mailbox} from "./mailbox.js" */
/** @import {SyncAnswer} from "./types.js" */

import { ApiError } from "./api.js";
import { fullJitter, Pause } from "./clock.js";

const GONE = new Set([403, 404]); // no longer a member: nothing to wait for

/**
 * Asks for the state since the cursor until the mailbox is content. First load, a gap, an emptied mailbox and polling all
 * come through here, one at a time.
 */
export class Resync {
  /** The last failure; null once an answer came. @type {ApiError | null} */
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
   * @param {() => void} options.onChange an attempt ended, well or badly
   */
  constructor({ api, mailbox, clock, onAnswer = () => {}, onChange }) {
    this.api = api;
    this.mailbox = mailbox;
    this.clock = clock;
    this.onAnswer = onAnswer;
    this.onChange = onChange;
    this.#pause = new Pause(clock);
  }

  /** Until the store is in step, however often that has to be tried. Shared by whoever asks meanwhile. */
  run() {
    this.#running ??= this.#persist().finally(() => (this.#running = null));
    return this.#running;
  }

  /** One try, which throws the ApiError it fails with. */
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

  /** Try at once what waits for its next attempt. */
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
        if (error.status === 422) this.mailbox.cursor = ""; // not one of this server's: begin from nothing
        await this.#pause.wait(error.retryAfter ?? fullJitter(this.clock, failures));
      }
    }
  }

  async #once() {
    // An answer that is the last one again says nothing new, unless something was lost since.
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

  /** @param {SyncAnswer} answer of a session that is another member's by now, it must not replace what is known of this one */
  #check(answer) {
    if (answer.me.id !== this.mailbox.store.me) throw new ApiError(401, { code: "not_authenticated" });
    this.onAnswer(answer);
  }
}
