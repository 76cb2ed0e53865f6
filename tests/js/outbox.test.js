import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError } from "../../static/js/client/api.js";
import { fold } from "../../static/js/client/changes.js";
import { Outbox, OutboxFull } from "../../static/js/client/outbox.js";
import { FakeClock, ME, MemoryStorage, message, participant, settle } from "./support.js";

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

// --- Changes ------------------------------------------------------------------------------------------

const THUMB = { emoji: "👍", on: true };
const NO_THUMB = { emoji: "👍", on: false };

/**
 * An outbox with changes: `answer(change, attempt)` is the server. `has` is what the server has before any of them.
 *
 * @param {any} answer
 * @param {{storage?: MemoryStorage, clock?: FakeClock, has?: any, isReachable?: () => boolean}} [options]
 */
function changesWith(answer, { storage = new MemoryStorage(), clock = new FakeClock(), has = message({ seq: 1 }), ...options } = {}) {
  const asked = [];
  let refs = 0;
  const outbox = new Outbox({
    send: async (entry) => void asked.push(entry.text),
    apply: async (change) => {
      asked.push([change.kind, change.value]);
      return answer(change, asked.length);
    },
    left: (change, earlier, isCertain) => fold(change.kind, earlier, change.value, isCertain ? has : undefined, ME),
    storage,
    prefix: "outbox:me:",
    clock,
    newRef: () => `ref-${(refs += 1)}`,
    ...options,
  });
  return { outbox, asked, storage, clock };
}

const react = (outbox, value) => outbox.change("reaction", "general", "message-1", value);

test("a change is kept until it is confirmed, and is no message", async () => {
  const { outbox, asked, storage } = changesWith(() => null);
  react(outbox, THUMB);
  assert.deepEqual([outbox.entries("general").length, outbox.changesOf("message-1").length, storage.length], [0, 1, 1]);
  await settle();
  assert.deepEqual(asked, [["reaction", THUMB]]);
  assert.equal(outbox.size + storage.length, 0);
});

test("messages and changes of a conversation are sent in the order in which they were made", async () => {
  const { outbox, asked, clock } = changesWith((_, attempt) => {
    if (attempt === 2) throw offline();
  });
  outbox.add("general", "one");
  react(outbox, THUMB);
  outbox.add("general", "two");
  outbox.change("pin", "general", "message-1", { on: true });
  await clock.advance(60_000);
  assert.deepEqual(asked, ["one", ["reaction", THUMB], ["reaction", THUMB], "two", ["pin", { on: true }]]);
});

test("opposite changes that were not sent yet cancel each other out", async () => {
  const { outbox, asked, storage, clock } = changesWith(() => null, { isReachable: () => false });
  react(outbox, THUMB);
  outbox.change("pin", "general", "message-1", { on: true });
  await clock.advance(5_000);
  react(outbox, NO_THUMB);
  outbox.change("pin", "general", "message-1", { on: false });
  assert.equal(outbox.size + storage.length, 0);
  await clock.advance(60_000);
  assert.deepEqual(asked, []);
});

test("a change that the server has already is not sent", async () => {
  const has = message({ seq: 1, reactions: [{ emoji: "👍", members: [ME] }], pinned_at: "2026-03-01T09:00:00Z" });
  const { outbox, asked } = changesWith(() => null, { has });
  react(outbox, THUMB);
  outbox.change("pin", "general", "message-1", { on: true });
  outbox.change("own", "general", "general", {});
  await settle();
  assert.deepEqual(asked, []);
});

test("a change that may have reached the server is not withdrawn: the opposite one follows it", async () => {
  const { outbox, asked, clock } = changesWith((_, attempt) => {
    if (attempt === 1) throw offline();
  });
  react(outbox, THUMB);
  await settle();
  react(outbox, NO_THUMB);
  assert.equal(outbox.size, 2);
  await clock.advance(60_000);
  assert.deepEqual(asked, [
    ["reaction", THUMB],
    ["reaction", THUMB],
    ["reaction", NO_THUMB],
  ]);
  assert.equal(outbox.size, 0);
});

test("a change that another tab may have sent is not withdrawn either", () => {
  const storage = new MemoryStorage();
  const { outbox } = changesWith(() => null, { storage, isReachable: () => false });
  react(outbox, THUMB);
  const [{ ref }] = outbox.changesOf("message-1");
  storage.setItem(`outbox:me:${ref}`, JSON.stringify({ ...outbox.changesOf("message-1")[0], tried: true }));
  react(outbox, NO_THUMB);
  assert.deepEqual(
    outbox.changesOf("message-1").map(({ value }) => value),
    [THUMB, NO_THUMB],
  );
});

test("edits of one message fold into the last text, on the version that was edited first", async () => {
  let reachable = false;
  const { outbox, asked, clock } = changesWith(() => null, { isReachable: () => reachable });
  outbox.change("edit", "general", "message-1", { text: "second", base: "first", version: 4 });
  outbox.change("edit", "general", "message-1", { text: "third", base: "second", version: 4 });
  assert.equal(outbox.size, 1);
  reachable = true;
  await clock.advance(60_000);
  assert.deepEqual(asked, [["edit", { text: "third", base: "first", version: 4 }]]);
});

test("settings fold into one change of what differs in the end", async () => {
  const has = participant({ muted: false, favourite: false });
  const { outbox, asked, clock } = changesWith(() => null, { has, isReachable: () => asked.length === 0 && ready });
  let ready = false;
  const set = (value) => outbox.change("own", "general", "general", value);
  set({ muted: true });
  set({ favourite: true });
  set({ muted: false, notifications: "none" });
  ready = true;
  await clock.advance(60_000);
  assert.deepEqual(asked, [["own", { favourite: true, notifications: "none" }]]);
});

test("a deletion replaces what was not sent of its message", async () => {
  let reachable = false;
  const { outbox, asked, clock } = changesWith(() => null, { isReachable: () => reachable });
  react(outbox, THUMB);
  outbox.change("edit", "general", "message-1", { text: "second", base: "first", version: 4 });
  outbox.change("pin", "general", "message-2", { on: true });
  outbox.change("delete", "general", "message-1", { reason: "" });
  reachable = true;
  await clock.advance(60_000);
  assert.deepEqual(asked, [
    ["pin", { on: true }],
    ["delete", { reason: "" }],
  ]);
});

test("a refused change steps aside with the reason, and is retried, discarded or replaced by a new one", async () => {
  let refuse = true;
  const { outbox, asked, storage } = changesWith(() => {
    if (refuse) throw new ApiError(422, { detail: "Invalid", errors: { emoji: ["One emoji."] } });
  });
  react(outbox, THUMB);
  outbox.change("pin", "general", "message-1", { on: true });
  await settle();
  const [reaction, pin] = outbox.changesOf("message-1");
  assert.deepEqual([reaction.state, reaction.error, pin.state, storage.length], ["failed", "One emoji.", "failed", 2]);
  refuse = false;
  outbox.discard(pin.ref);
  react(outbox, THUMB);
  await settle();
  assert.equal(asked.length, 3);
  assert.equal(outbox.size + storage.length, 0);
});

test("a refused change that is shown beside its field leaves the outbox", async () => {
  const { outbox, storage } = changesWith(() => {
    throw new ApiError(422, { detail: "Invalid" });
  });
  const taken = [];
  outbox.takeRefusals((change, error) => {
    if (change.kind === "pin") taken.push(error.message);
    return change.kind === "pin";
  });
  outbox.change("pin", "general", "message-1", { on: true });
  react(outbox, THUMB);
  await settle();
  assert.deepEqual(taken, ["Invalid"]);
  assert.deepEqual(
    outbox.changesOf("message-1").map(({ kind }) => kind),
    ["reaction"],
  );
  assert.equal(storage.length, 1);
});

test("a change that an earlier page left is sent by the next, with observers called", async () => {
  const storage = new MemoryStorage();
  const clock = new FakeClock();
  react(changesWith(() => new Promise(() => {}), { storage, clock }).outbox, THUMB);
  const after = changesWith(() => null, { storage, clock });
  const seen = [];
  after.outbox.observe((conversation, change) => seen.push([conversation, change?.kind]));
  after.outbox.restore();
  await settle();
  assert.deepEqual(after.asked, [["reaction", THUMB]]);
  assert.deepEqual(seen, [
    ["general", "reaction"],
    ["general", "reaction"],
  ]);
});

test("changes count for the bound as well", () => {
  const { outbox } = changesWith(() => new Promise(() => {}));
  for (let count = 0; count < 200; count += 1) outbox.change("pin", "general", `message-${count}`, { on: true });
  assert.throws(() => react(outbox, THUMB), OutboxFull);
});
