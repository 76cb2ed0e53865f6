import assert from "node:assert/strict";
import { before, mock, test } from "node:test";

const page = new EventTarget();
/** @type {typeof import("../../static/js/ui/lib/steady.js")} */
let press;

before(async () => {
  Object.assign(globalThis, { addEventListener: page.addEventListener.bind(page) });
  press = await import("../../static/js/ui/lib/steady.js");
});
test.beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.afterEach(() => mock.timers.reset());

/** @param {string} type @param {string} [pointerType] @param {number} [button] */
function point(type, pointerType = "mouse", button = 0) {
  page.dispatchEvent(Object.assign(new Event(type), { pointerType, button }));
}

/** @returns {{show: () => void, shown: () => number}} */
function counted() {
  let count = 0;
  return { show: press.steady(() => (count += 1)), shown: () => count };
}

test("nothing moves while a mouse presses, and everything does once the click is over", () => {
  const { show, shown } = counted();
  show();
  assert.equal(shown(), 1, "nothing is pressed: at once");
  point("pointerdown");
  for (const _ of [1, 2, 3]) show();
  point("pointerup");
  assert.equal(shown(), 1, "the click comes in the same task as the pointer's end");
  mock.timers.tick(0);
  assert.equal(shown(), 2, "asked for three times, done once");
  show();
  assert.equal(shown(), 3);
});

test("the click of a finger comes a moment after it was lifted", () => {
  const { show, shown } = counted();
  point("pointerdown", "touch");
  show();
  point("pointerup", "touch");
  mock.timers.tick(50);
  assert.equal(shown(), 0);
  mock.timers.tick(50);
  assert.equal(shown(), 1);
});

test("a finger that scrolls clicks nothing", () => {
  const { show, shown } = counted();
  point("pointerdown", "touch");
  show();
  point("pointercancel", "touch");
  mock.timers.tick(0);
  assert.equal(shown(), 1);
});

test("who selects text for long still sees what comes", () => {
  const { show, shown } = counted();
  point("pointerdown");
  show();
  mock.timers.tick(999);
  assert.equal(shown(), 0);
  mock.timers.tick(1);
  assert.equal(shown(), 1);
  show();
  assert.equal(shown(), 2, "until the next press nothing is held");
  point("pointerup");
  mock.timers.tick(0);
});

test("the other buttons hold nothing", () => {
  const { show, shown } = counted();
  point("pointerdown", "mouse", 2);
  show();
  assert.equal(shown(), 1);
});
