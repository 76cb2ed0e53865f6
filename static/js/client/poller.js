/** @import {Clock} from "./clock.js" */

/** Runs a task repeatedly, with a pause after each run. Two runs never overlap. */
export class Poller {
  #active = false;
  #running = false;
  /** @type {unknown} */
  #timer = null;

  /**
   * @param {object} options
   * @param {() => Promise<unknown>} options.run must not reject
   * @param {() => number} options.pause milliseconds until the next run, computed each time
   * @param {Clock} options.clock
   */
  constructor({ run, pause, clock }) {
    this.run = run;
    this.pause = pause;
    this.clock = clock;
  }

  start() {
    if (this.#active) return;
    this.#active = true;
    this.#plan();
  }

  stop() {
    this.#active = false;
    this.clock.clearTimeout(this.#timer);
  }

  /** Run now instead of after the pause. */
  poke() {
    if (this.#active) void this.#go();
  }

  async #go() {
    if (this.#running) return;
    this.clock.clearTimeout(this.#timer);
    this.#running = true;
    await this.run();
    this.#running = false;
    this.#plan();
  }

  #plan() {
    this.clock.clearTimeout(this.#timer);
    if (this.#active) this.#timer = this.clock.setTimeout(() => void this.#go(), this.pause());
  }
}
