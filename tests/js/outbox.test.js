import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError } from "../../static/js/client/api.js";
import { Outbox, OutboxFull } from "../../static/js/client/outbox.js";
import { FakeClock, MemoryStorage, settle } from "./support.js";

const offline = () => new ApiError(0, {});

/** An outbox whose server answers each attempt by `answer(entry, attempt)`. */
function outboxWith(answer, { storage = new MemoryStorage(), clock = new FakeClock() } = {}) {
  const attempts = [];
  const sent = [];
  let refs = 0;
  const outbox = new Outbox({
    send: async (entry) => {
      attempts.push(entry.text);
      sent.push(await answer(entry, attempts.length));
    },
    storage,
    prefix: "outbox:me:",
    clock,
    newRef: () => `ref-${(refs += 1)}`,
  });
  return { outbox, attempts, sent, storage, clock };
}

const accept = (entry) => ({ id: `id of ${entry.text}`, ref: entry.ref });

test("an accepted message leaves outbox and storage", async () => {
  const { outbox, sent, storage } = outboxWith(accept);
  const entry = outbox.add("general", "hello");
  assert.equal(storage.length, 1);
  await settle();
  assert.deepEqual(sent, [{ id: "id of hello", ref: entry.ref }]);
  assert.equal(outbox.size, 0);
  assert.equal(storage.length, 0);
});

test("half of an emoji does not keep a message from being sent", async () => {
  const { outbox, attempts, storage } = outboxWith(accept);
  const entry = outbox.add("general", "cut \ud83d, \ude00 and \ud83d\ude00");
  assert.equal(entry.text, "cut \ufffd, \ufffd and \u{1f600}");
  assert.equal(JSON.parse(storage.getItem(`outbox:me:${entry.ref}`)).text, entry.text);
  await settle();
  assert.deepEqual(attempts, [entry.text]);
});

test("a lost connection is retried until answered, in order, with the same ref", async () => {
  const refs = [];
  const { outbox, attempts, sent, clock } = outboxWith((entry, attempt) => {
    refs.push(entry.ref);
    if (attempt <= 4) throw offline();
    return accept(entry);
  });
  outbox.add("general", "one");
  outbox.add("general", "two");
  await clock.advance(60_000);
  assert.deepEqual(attempts, ["one", "one", "one", "one", "one", "two"]);
  assert.equal(new Set(refs.slice(0, 5)).size, 1);
  assert.equal(sent.length, 2);
});

test("pauses between attempts grow, up to half a minute", async () => {
  const times = [];
  const { outbox, clock } = outboxWith(() => {
    times.push(clock.now());
    throw offline();
  });
  outbox.add("general", "one");
  await clock.advance(120_000);
  const pauses = times.slice(1).map((time, index) => time - times[index]);
  assert.deepEqual(pauses.slice(0, 7), [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000]);
  assert.equal(Math.max(...pauses), 15_000, "half of thirty seconds, because chance is a half");
});

test("conversations do not wait for each other", async () => {
  const { outbox, sent } = outboxWith((entry) => {
    if (entry.conversation === "slow") throw offline();
    return accept(entry);
  });
  outbox.add("slow", "stuck");
  outbox.add("general", "quick");
  await settle();
  assert.deepEqual(
    sent.map((one) => one.id),
    ["id of quick"],
  );
});

test("a refusal steps aside as failed and lets the next one pass", async () => {
  const { outbox, sent, storage } = outboxWith((entry) => {
    if (entry.text === "bad") throw new ApiError(403, { detail: "The channel is archived." });
    return accept(entry);
  });
  const bad = outbox.add("general", "bad");
  outbox.add("general", "good");
  await settle();
  assert.deepEqual(
    sent.map((one) => one.id),
    ["id of good"],
  );
  assert.deepEqual(
    outbox.entries("general").map(({ ref, state, error }) => [ref, state, error]),
    [[bad.ref, "failed", "The channel is archived."]],
  );
  assert.equal(storage.length, 1, "it survives a reload as failed");
});

test("a failed message can be retried under its ref, or discarded", async () => {
  let refuse = true;
  const { outbox, sent, storage } = outboxWith((entry) => {
    if (refuse) throw new ApiError(422, { detail: "No." });
    return accept(entry);
  });
  const one = outbox.add("general", "one");
  const two = outbox.add("general", "two");
  await settle();
  refuse = false;
  outbox.discard(two.ref);
  outbox.retry(one.ref);
  await settle();
  assert.deepEqual(sent, [{ id: "id of one", ref: one.ref }]);
  assert.equal(outbox.size + storage.length, 0);
});

test("a ref that belongs to another message: it fails with its words kept, and is retried under a new ref", async () => {
  const { outbox, sent, storage } = outboxWith((entry) => {
    if (entry.ref === "ref-1") throw new ApiError(409, { code: "conflict", detail: "This ref was used." });
    return accept(entry);
  });
  outbox.add("general", "keep my words");
  await settle();
  const [failed] = outbox.entries("general");
  assert.deepEqual([failed.text, failed.state, failed.error], ["keep my words", "failed", "This ref was used."]);
  assert.notEqual(failed.ref, "ref-1");
  assert.equal(storage.length, 1, "once");
  outbox.retry(failed.ref);
  await settle();
  assert.deepEqual(
    sent.map(({ id }) => id),
    ["id of keep my words"],
  );
  assert.equal(outbox.size + storage.length, 0);
});

test("signed out is no refusal: it is sent after signing in again", async () => {
  const { outbox, sent, clock } = outboxWith((entry, attempt) => {
    if (attempt === 1) throw new ApiError(401, { code: "not_authenticated" });
    return accept(entry);
  });
  outbox.add("general", "patience");
  await settle();
  assert.equal(outbox.entries("general")[0].state, "sending");
  await clock.advance(1_000);
  assert.equal(sent.length, 1);
});

test("Retry-After is honoured", async () => {
  const { outbox, sent, clock } = outboxWith((entry, attempt) => {
    if (attempt === 1) throw new ApiError(429, {}, 20_000);
    return accept(entry);
  });
  outbox.add("general", "fast");
  await clock.advance(19_999);
  assert.equal(sent.length, 0);
  await clock.advance(1);
  assert.equal(sent.length, 1);
});

test("what an earlier page left is sent by the next, in the order in which it was written", async () => {
  const storage = new MemoryStorage();
  const clock = new FakeClock();
  const before = outboxWith(() => new Promise(() => {}), { storage, clock });
  before.outbox.add("general", "one");
  await clock.advance(10);
  before.outbox.add("general", "two");
  storage.setItem("outbox:somebody-else:ref-9", '{"ref":"ref-9","text":"not mine","conversation":"general","state":"sending"}');
  storage.setItem("outbox:me:broken", "{");
  const after = outboxWith(accept, { storage, clock });
  after.outbox.restore();
  await settle();
  assert.deepEqual(after.attempts, ["one", "two"]);
  assert.deepEqual(
    after.sent.map((one) => one.ref),
    ["ref-1", "ref-2"],
  );
  assert.notEqual(storage.getItem("outbox:somebody-else:ref-9"), null);
});

test("what another tab has settled is not sent again", async () => {
  const { outbox, attempts, storage, clock } = outboxWith(() => {
    throw offline();
  });
  const entry = outbox.add("general", "twice?");
  await settle();
  storage.removeItem(`outbox:me:${entry.ref}`);
  await clock.advance(60_000);
  assert.deepEqual(attempts, ["twice?"]);
  assert.equal(outbox.size, 0);
});

test("poke ends the pause", async () => {
  const { outbox, attempts } = outboxWith(() => {
    throw offline();
  });
  outbox.add("general", "now");
  await settle();
  outbox.poke();
  await settle();
  assert.equal(attempts.length, 2);
});

test("storage that refuses does not stop a message", async () => {
  const storage = new MemoryStorage();
  storage.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  const { outbox, sent } = outboxWith(accept, { storage });
  outbox.add("general", "still");
  await settle();
  assert.equal(sent.length, 1);
});

test("the outbox is bounded, and says so", () => {
  const { outbox } = outboxWith(() => new Promise(() => {}));
  for (let count = 0; count < 200; count += 1) outbox.add("general", `${count}`);
  assert.throws(() => outbox.add("general", "one too many"), OutboxFull);
  assert.equal(outbox.size, 200);
});
