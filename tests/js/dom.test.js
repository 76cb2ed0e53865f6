import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { everyFrame } from "../../static/js/ui/lib/dom.js";

const FRAME = 16; // milliseconds

/** @param {number} rest @returns {{ask: () => void, runs: number[]}} at what times it was done, on a clock that is moved by hand */
function counted(rest) {
  /** @type {number[]} */
  const runs = [];
  return { ask: everyFrame(() => runs.push(Date.now()), rest), runs };
}

test.beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  mock.method(performance, "now", () => Date.now());
  Object.assign(globalThis, {
    document: { visibilityState: "visible" },
    requestAnimationFrame: (/** @type {() => void} */ run) => setTimeout(run, FRAME),
  });
});
test.afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test("what is asked for often in a frame is done once, in the next one", () => {
  const { ask, runs } = counted(0);
  for (const _ of [1, 2, 3]) ask();
  mock.timers.tick(FRAME);
  ask();
  mock.timers.tick(FRAME);
  assert.deepEqual(runs, [FRAME, 2 * FRAME]);
});

test("a flood is gathered: the first is done at once, the last is never left out", () => {
  const { ask, runs } = counted(100);
  for (let now = 0; now < 500; now += 1) {
    if (now <= 290 && now % 10 === 0) ask();
    mock.timers.tick(1);
  }
  assert.equal(runs[0], FRAME, "in the frame after it was asked for");
  for (const [index, at] of runs.entries()) assert.ok(index === 0 || at - runs[index - 1] >= 100, `${runs}`);
  assert.ok((runs.at(-1) ?? 0) > 290, `after the last was asked for: ${runs}`);
  assert.equal(runs.length, 4, `${runs}`);
});
