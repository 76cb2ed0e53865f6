/**
 * Time and chance, passed to whatever needs them so that tests can hold them still.
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds since the epoch
 * @property {() => number} random from 0 up to 1
 * @property {(call: () => void, milliseconds: number) => unknown} setTimeout
 * @property {(handle: any) => void} clearTimeout
 */

/** @type {Clock} */
export const systemClock = {
  now: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (call, milliseconds) => globalThis.setTimeout(call, milliseconds),
  clearTimeout: (handle) => globalThis.clearTimeout(handle),
};

/**
 * How long to wait before attempt number `attempt` (from 0): anything up to a doubling bound, so that clients which
 * failed together do not come back together ("full jitter", AWS Architecture Blog, 2015).
 *
 * @param {Clock} clock
 * @param {number} attempt
 * @param {{first?: number, most?: number}} [bounds] in milliseconds
 */
export function fullJitter(clock, attempt, { first = 500, most = 30_000 } = {}) {
  return clock.random() * Math.min(most, first * 2 ** Math.min(attempt, 16));
}

/**
 * @param {Clock} clock
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
export function sleep(clock, milliseconds) {
  return new Promise((resolve) => clock.setTimeout(resolve, milliseconds));
}

/** A wait that can be ended early: the network is back, the page is looked at again. */
export class Pause {
  /** @type {(() => void) | null} */
  #end = null;

  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
  }

  /** @param {number} milliseconds @returns {Promise<void>} */
  wait(milliseconds) {
    return new Promise((resolve) => {
      const timer = this.clock.setTimeout(() => this.end(), milliseconds);
      this.#end = () => {
        this.clock.clearTimeout(timer);
        resolve();
      };
    });
  }

  end() {
    this.#end?.();
    this.#end = null;
  }
}
