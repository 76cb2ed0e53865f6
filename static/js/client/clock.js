/**
 * Time and chance. Other modules receive them as an argument, so that tests can control them. Only this file reads the
 * device's clock, because it may be wrong by minutes or years and jumps while the page is open.
 *
 * - The difference of two moments on this device: `monotonic`, which never jumps.
 * - A moment that the server named, compared with now: `ServerClock.now`.
 * - An order: neither; a counter.
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds since the epoch, as the device believes
 * @property {() => number} monotonic milliseconds since some moment; never goes back, may stand still while the machine sleeps
 * @property {() => number} random from 0 up to 1
 * @property {(call: () => void, milliseconds: number) => unknown} setTimeout
 * @property {(handle: any) => void} clearTimeout
 */

/** @type {Clock} */
export const systemClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  setTimeout: (call, milliseconds) => globalThis.setTimeout(call, milliseconds),
  clearTimeout: (handle) => globalThis.clearTimeout(handle),
};

const SECOND = 1_000; // milliseconds; the header `Date` has no fraction
const CALENDAR = 23 * 60 * 60_000; // milliseconds by which a device's clock may be off and still show its owner's day

/**
 * The server's time, whatever the device's clock says. Answers name it (`takeDate`), events are never later than it
 * (`takeMoment`); between two of them the device's monotonic clock counts. Before the first, the device's clock is all there is.
 */
export class ServerClock {
  /** @type {number | null} server time minus monotonic time, in milliseconds */
  #offset = null;

  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
  }

  /** @returns {number} milliseconds since the epoch */
  now() {
    return this.#offset === null ? this.clock.now() : this.#offset + this.clock.monotonic();
  }

  /**
   * Now, for dates that are shown. It is the device's time, so that "Today" changes together with the device's day, also on
   * a device whose clock was shifted by hours instead of setting its time zone. If the device's clock is off by a day or
   * more, it is the server's time.
   *
   * @returns {Date}
   */
  calendar() {
    const device = this.clock.now();
    const server = this.now();
    return new Date(Math.abs(device - server) < CALENDAR ? device : server);
  }

  /**
   * Learn from the header `Date` of an answer, which is the second in which the server made it. An offset that fits this
   * second is kept, so that the time does not jitter with the duration of requests.
   *
   * @param {string | null} date
   * @param {number} askedAt monotonic milliseconds
   */
  takeDate(date, askedAt) {
    const earliest = Date.parse(date ?? "");
    if (Number.isNaN(earliest)) return;
    const at = this.clock.monotonic();
    const latest = earliest + SECOND + Math.max(0, at - askedAt);
    const known = this.#offset === null ? earliest + SECOND / 2 : this.#offset + at;
    this.#offset = Math.min(Math.max(known, earliest), latest) - at;
  }

  /** @param {string} moment of an event that has just arrived: now is not earlier */
  takeMoment(moment) {
    const at = Date.parse(moment);
    if (this.#offset !== null && at > this.now()) this.#offset = at - this.clock.monotonic();
  }
}

/** The server's time for this page. Views that write dates use it without a client. */
export const serverClock = new ServerClock(systemClock);

/**
 * Measures elapsed time, including time in which the machine slept. Most monotonic clocks stop during sleep, and the
 * device's clock does not; but a device's clock that is set forward looks like sleep. It must therefore only be used to
 * doubt a connection: a connection may be tested without need, but is never trusted for too long.
 */
export class Stopwatch {
  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
    this.start();
  }

  start() {
    this.#steady = this.clock.monotonic();
    this.#device = this.clock.now();
  }

  /** @returns {number} milliseconds since the last start */
  get elapsed() {
    return Math.max(this.clock.monotonic() - this.#steady, this.clock.now() - this.#device);
  }

  #steady = 0;
  #device = 0;
}

/**
 * Return how long to wait before attempt number `attempt` (from 0): a random time up to a doubling bound, so that clients that
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
