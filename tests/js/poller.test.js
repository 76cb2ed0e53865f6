import assert from "node:assert/strict";
import { test } from "node:test";

import { Poller } from "../../static/js/client/poller.js";
import { FakeClock, settle } from "./support.js";

function pollerWith(run, pause = () => 1_000) {
  const clock = new FakeClock();
  const poller = new Poller({ run, pause, clock });
  poller.start();
  return { poller, clock };
}

test("runs a pause after the one before has ended, and asks for the pause every time", async () => {
  const times = [];
  let pause = 1_000;
  const { clock } = pollerWith(
    async () => void times.push(clock.now()),
    () => pause,
  );
  await clock.advance(2_000);
  pause = 10_000;
  await clock.advance(1_000); // the one that was planned before
  await clock.advance(20_000);
  assert.deepEqual(
    times.map((time) => (time - times[0]) / 1_000),
    [0, 1, 2, 12, 22],
  );
});

test("never overlaps itself, however often it is poked", async () => {
  const finish = [];
  const { poller, clock } = pollerWith(() => new Promise((resolve) => finish.push(resolve)));
  poller.poke();
  poller.poke();
  await clock.advance(10_000);
  assert.equal(finish.length, 1);
  finish[0]();
  await clock.advance(999);
  assert.equal(finish.length, 1);
  await clock.advance(1);
  assert.equal(finish.length, 2);
});

test("stopped it neither runs nor is poked; started twice it runs once", async () => {
  let runs = 0;
  const { poller, clock } = pollerWith(async () => void (runs += 1));
  poller.stop();
  poller.poke();
  await clock.advance(60_000);
  assert.equal(runs, 0);
  poller.start();
  poller.start();
  await clock.advance(1_000);
  assert.equal(runs, 1);
});

test("stopped while it runs it plans no other", async () => {
  let runs = 0;
  /** @type {(value?: unknown) => void} */
  let finish = () => {};
  const { poller, clock } = pollerWith(() => {
    runs += 1;
    return new Promise((resolve) => (finish = resolve));
  });
  poller.poke();
  poller.stop();
  finish();
  await settle();
  await clock.advance(60_000);
  assert.equal(runs, 1);
});
