import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError } from "../../static/js/client/api.js";
import { Poller } from "../../static/js/client/poller.js";
import { FakeClock, settle } from "./support.js";

function pollerWith(run, { visible = () => true } = {}) {
  const clock = new FakeClock();
  const poller = new Poller({ tasks: [{ run, interval: 1_000, hidden: 10_000 }], isVisible: visible, clock });
  const heard = [];
  poller.observe((status) => heard.push(status));
  poller.start();
  return { poller, clock, heard };
}

test("runs at its interval, and seldom while nobody looks", async () => {
  let runs = 0;
  let visible = true;
  const { clock } = pollerWith(async () => void (runs += 1), { visible: () => visible });
  await clock.advance(5_000);
  assert.equal(runs, 5);
  visible = false;
  await clock.advance(1_000); // the one that was planned while it was visible
  await clock.advance(20_000);
  assert.equal(runs, 8);
});

test("a task never overlaps itself; what was asked for meanwhile runs after it", async () => {
  let running = 0;
  let most = 0;
  const finish = [];
  const { poller, clock } = pollerWith(() => {
    running += 1;
    most = Math.max(most, running);
    return new Promise((resolve) => finish.push(resolve)).then(() => (running -= 1));
  });
  poller.poke();
  poller.poke();
  poller.poke();
  assert.equal(finish.length, 1);
  finish[0]();
  await settle();
  await clock.advance(0);
  assert.equal(finish.length, 2);
  assert.equal(most, 1);
});

test("silence is offline, with ever longer pauses; an answer is live again", async () => {
  let answer = false;
  let runs = 0;
  const { clock, heard, poller } = pollerWith(async () => {
    runs += 1;
    if (!answer) throw new ApiError(0, {});
  });
  await clock.advance(60_000);
  assert.deepEqual(heard, ["offline"]);
  assert.ok(runs < 12, `${runs} runs in a minute of silence`);
  answer = true;
  poller.poke();
  await settle();
  assert.deepEqual(heard, ["offline", "live"]);
  const before = runs;
  await clock.advance(5_000);
  assert.equal(runs - before, 5);
});

test("a refusal is no silence; 401 is signed out", async () => {
  let status = 404;
  const { clock, heard } = pollerWith(async () => {
    throw new ApiError(status, {});
  });
  await clock.advance(3_000);
  assert.deepEqual(heard, []);
  status = 401;
  await clock.advance(10_000);
  assert.deepEqual(heard, ["signed-out"]);
});

test("stop ends it", async () => {
  let runs = 0;
  const { poller, clock } = pollerWith(async () => void (runs += 1));
  poller.stop();
  await clock.advance(60_000);
  assert.equal(runs, 0);
});
