/** The device's clock is wrong by minutes and days, and jumps in the middle of things. Nothing may depend on it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Api, ApiError } from "../../static/js/client/api.js";
import { ServerClock, Stopwatch } from "../../static/js/client/clock.js";
import { Outbox } from "../../static/js/client/outbox.js";
import { Reads } from "../../static/js/client/reads.js";
import { Signals } from "../../static/js/client/signals.js";
import { Socket } from "../../static/js/client/socket.js";
import { Store } from "../../static/js/client/store.js";
import { answer, conversation, FakeClock, fakeFetch, fakeSockets, ME, MemoryStorage, participant, response, settle } from "./support.js";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const SERVER = Date.parse("2026-03-01T09:00:00Z");
const JUMPS = [-400 * DAY, -DAY, -5 * MINUTE, 5 * MINUTE, DAY, 400 * DAY];
const header = (at) => new Date(at).toUTCString();

/** The server's clock goes on with real time; the device's is off by `by`. */
function wrongBy(by) {
  const clock = new FakeClock(SERVER + by);
  const began = clock.monotonic();
  const fetch = async () => response(answer(), 200, { Date: header(SERVER + clock.monotonic() - began) });
  const api = new Api({ base: "/", csrfToken: () => "", clock, fetch });
  return { clock, api, time: api.time, real: () => SERVER + clock.monotonic() - began };
}

for (const by of JUMPS) {
  test(`the server's time is known to a second where the device's is off by ${by / MINUTE} minutes`, async () => {
    const { clock, api, time, real } = wrongBy(by);
    await api.get("sync");
    assert.ok(Math.abs(time.now() - real()) <= 1_000);
    await clock.advance(10 * MINUTE);
    clock.time -= 2 * by; // set the other way in the middle
    assert.ok(Math.abs(time.now() - real()) <= 1_000);
    await api.get("sync");
    assert.ok(Math.abs(time.now() - real()) <= 1_000);
  });

  test(`what was written goes out in the order of writing, though the clock jumps by ${by / MINUTE} minutes and the page is reloaded`, async () => {
    const storage = new MemoryStorage();
    const clock = new FakeClock();
    const options = { storage, prefix: "outbox:", clock };
    const offline = async () => {
      throw new ApiError(0, {});
    };
    const first = new Outbox({ ...options, send: offline, newRef: refs("b", "a") });
    first.add("general", "one");
    clock.time += by;
    first.add("general", "two");
    const second = new Outbox({ ...options, send: offline, newRef: refs("0") }); // another tab, which knows of neither
    clock.time += by;
    second.add("general", "three");
    const sent = [];
    const reloaded = new Outbox({ ...options, send: async ({ text }) => void sent.push(text) });
    reloaded.restore();
    await settle();
    assert.deepEqual(sent, ["one", "two", "three"]);
  });

  test(`a socket comes back after its pause, and is not closed by heartbeats, though the clock jumps by ${by / MINUTE} minutes`, async () => {
    const clock = new FakeClock();
    const { sockets, open, last } = fakeSockets();
    const socket = new Socket({ open, address: async () => "x", onFrame() {}, onChange() {}, onEnd() {}, clock, isOnline: () => true });
    socket.start();
    await settle();
    last().hello();
    last().die();
    clock.time += by;
    await clock.advance(500);
    assert.equal(sockets.length, 2, "no pause is longer or shorter");
    last().hello();
    clock.time -= by;
    last().say({ op: "heartbeat", tag: 0 });
    await clock.advance(25_000);
    assert.equal(last().closed, false);
    await clock.advance(60_000);
    assert.equal(sockets[1].closed, true, "one that is silent is noticed, whatever the clock says");
  });

  test(`read positions keep their pace though the clock jumps by ${by / MINUTE} minutes`, async () => {
    const clock = new FakeClock();
    const store = new Store(ME);
    store.putConversation(conversation({ last_seq: 9 }));
    store.putParticipant(participant());
    const sent = [];
    const reads = new Reads({
      api: new Api({ base: "", csrfToken: () => "", clock }),
      store,
      say: async (_, { seq }) => {
        sent.push(seq);
        return participant({ read_seq: seq, version: 1 + seq });
      },
      clock,
    });
    reads.mark("general", 1);
    await clock.advance(400);
    clock.time += by;
    reads.mark("general", 2);
    await clock.advance(400);
    assert.deepEqual(sent, [1]);
    await clock.advance(1_600);
    assert.deepEqual(sent, [1, 2]);
  });

  test(`one says every few seconds that one types though the clock jumps by ${by / MINUTE} minutes`, async () => {
    const clock = new FakeClock();
    let said = 0;
    const signals = new Signals({ clock, me: ME, say: () => Boolean((said += 1)) });
    signals.type("general");
    clock.time += by;
    signals.type("general");
    assert.equal(said, 1);
    await clock.advance(2_500);
    signals.type("general");
    assert.equal(said, 2);
    signals.receive({ type: "typing", conversation: "general", member: "member-bob" });
    clock.time += by;
    assert.deepEqual(signals.typists("general"), ["member-bob"]);
    await clock.advance(6_000);
    assert.deepEqual(signals.typists("general"), []);
  });
}

test("a wait that the server names as a date is measured by the server's own clock", async () => {
  const clock = new FakeClock(SERVER + 3 * DAY);
  const refusal = { status: 429, headers: { Date: header(SERVER), "Retry-After": header(SERVER + 30_000) }, json: { code: "throttled" } };
  const api = new Api({ base: "/", csrfToken: () => "", clock, fetch: fakeFetch(refusal) });
  await assert.rejects(api.get("members"), { retryAfter: 30_000 });
});

test("an event that has just arrived is not later than the server's time; an old one that comes again moves nothing", () => {
  const clock = new FakeClock(SERVER);
  const time = new ServerClock(clock);
  time.takeDate(header(SERVER), clock.monotonic());
  time.takeMoment(new Date(SERVER + 40_000).toISOString()); // the machine slept: its monotonic clock stood still
  assert.equal(time.now(), SERVER + 40_000);
  time.takeMoment(new Date(SERVER).toISOString());
  assert.equal(time.now(), SERVER + 40_000);
});

test("the calendar shows the device's day, unless the device is off by a day or more", () => {
  const clock = new FakeClock(SERVER);
  const time = new ServerClock(clock);
  time.takeDate(header(SERVER), clock.monotonic());
  clock.time = SERVER + 5 * MINUTE;
  assert.equal(time.calendar().getTime(), SERVER + 5 * MINUTE);
  clock.time = SERVER - 3 * DAY;
  assert.ok(Math.abs(time.calendar().getTime() - SERVER) <= 1_000);
});

test("a stopwatch counts sleep, and never less than what has passed", async () => {
  const clock = new FakeClock();
  const watch = new Stopwatch(clock);
  clock.time += 40_000;
  assert.equal(watch.elapsed, 40_000);
  watch.start();
  clock.time -= DAY;
  await clock.advance(3_000);
  assert.equal(watch.elapsed, 3_000);
});

function refs(...given) {
  return () => given.shift();
}
