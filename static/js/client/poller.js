/** @import {Clock} from "./clock.js" */

import { ApiError } from "./api.js";
import { fullJitter, systemClock } from "./clock.js";

const JITTER = 0.25; // of an interval, either way: a thousand pages opened at nine o'clock drift apart

/**
 * @typedef {object} Task
 * @property {() => Promise<unknown>} run
 * @property {number} interval milliseconds between two runs while the page is looked at
 * @property {number} hidden the same while it is not
 */

/** @typedef {{timer: unknown, running: boolean, again: boolean, failures: number}} State */

/** @typedef {"live" | "offline" | "signed-out"} Status */

/**
 * Runs a few refreshing tasks over and over, less often when nobody looks, ever less often while the server is silent.
 * A task never overlaps itself.
 */
export class Poller {
  /** @type {Status} */
  status = "live";
  /** @type {Set<(status: Status) => void>} */
  #observers = new Set();
  /** @type {Map<Task, State>} */
  #tasks = new Map();

  /** @param {{tasks: Task[], isVisible: () => boolean, clock?: Clock}} options */
  constructor({ tasks, isVisible, clock = systemClock }) {
    this.isVisible = isVisible;
    this.clock = clock;
    for (const task of tasks) this.#tasks.set(task, { timer: null, running: false, again: false, failures: 0 });
  }

  start() {
    for (const task of this.#tasks.keys()) this.#plan(task);
  }

  stop() {
    for (const state of this.#tasks.values()) this.clock.clearTimeout(state.timer);
  }

  /** Refresh now: the page became visible, the network came back, the member did something. */
  poke() {
    for (const task of this.#tasks.keys()) void this.#run(task);
  }

  /** @param {(status: Status) => void} observer */
  observe(observer) {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** @param {Task} task */
  async #run(task) {
    const state = this.#state(task);
    if (state.running) {
      state.again = true;
      return;
    }
    this.clock.clearTimeout(state.timer);
    Object.assign(state, { running: true, again: false });
    try {
      await task.run();
      state.failures = 0;
      this.#become("live");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      state.failures += 1;
      if (error.status === 401) this.#become("signed-out");
      else if (error.passing) this.#become("offline");
    } finally {
      state.running = false;
      this.#plan(task);
    }
  }

  /** @param {Task} task */
  #plan(task) {
    const state = this.#state(task);
    this.clock.clearTimeout(state.timer);
    const interval = this.isVisible() ? task.interval : task.hidden;
    const usual = interval * (1 - JITTER + 2 * JITTER * this.clock.random());
    const wait = state.again ? 0 : usual + (state.failures ? fullJitter(this.clock, state.failures) : 0);
    state.timer = this.clock.setTimeout(() => void this.#run(task), wait);
  }

  /** @param {Task} task */
  #state(task) {
    return /** @type {State} */ (this.#tasks.get(task));
  }

  /** @param {Status} status */
  #become(status) {
    if (status === this.status) return;
    this.status = status;
    for (const observer of this.#observers) observer(status);
  }
}
