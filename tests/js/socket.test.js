import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError } from "../../static/js/client/api.js";
import { Socket } from "../../static/js/client/socket.js";
import { FakeClock, fakeSockets, message, settle } from "./support.js";

function socketWith({ address = async () => "client=1&tag=0", isOnline = () => true } = {}) {
  const clock = new FakeClock();
  const { sockets, open, last } = fakeSockets();
  const heard = [];
  const ends = [];
  const states = [];
  const socket = new Socket({
    open,
    address,
    onFrame: (frame) => heard.push(frame.op),
    onChange: () => states.push(socket.state),
    onEnd: (ending) => ends.push(ending),
    clock,
    isOnline,
  });
  return { socket, clock, sockets, last, heard, ends, states };
}

async function opened(options) {
  const found = socketWith(options);
  found.socket.start();
  await settle();
  found.last().hello();
  return found;
}

test("it is open with the hello, and passes frames on", async () => {
  const { socket, sockets, states, heard, last } = await opened();
  last().say({ op: "events", tag: 1, events: [] });
  assert.equal(sockets[0].address, "client=1&tag=0");
  assert.deepEqual(states, ["opening", "open"]);
  assert.deepEqual(heard, ["hello", "events"]);
  assert.equal(socket.window, 256);
  socket.start();
  await settle();
  assert.equal(sockets.length, 1, "starting twice makes no second socket");
});

test("a heartbeat is answered at once: timers in the background come too late", async () => {
  const { last, clock } = await opened();
  last().say({ op: "heartbeat", tag: 0 });
  assert.deepEqual(last().sent, [{ op: "heartbeat" }]);
  await clock.advance(10_000);
});

test("pauses double from half a second to half a minute, at random below that", async () => {
  const { socket, clock, sockets, last } = socketWith();
  socket.start();
  await settle();
  const pauses = [];
  while (pauses.length < 9) {
    const known = sockets.length;
    const from = clock.now();
    last().die();
    while (sockets.length === known) await clock.advance(50);
    pauses.push(clock.now() - from);
  }
  assert.deepEqual(pauses, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000], "half of it, because chance is a half");
});

test("only a socket that stayed counts as success: one that closes at once is not tried at once for ever", async () => {
  const { clock, sockets, last } = await opened();
  for (let count = 0; count < 6; count += 1) {
    last().die();
    await clock.advance(30_000 / 2);
    last().hello();
  }
  const known = sockets.length;
  last().die();
  await clock.advance(8_000);
  assert.equal(sockets.length, known, "the seventh pause is a long one");
  await clock.advance(8_000);
  last().hello();
  await clock.advance(10_000);
  last().die();
  await clock.advance(250);
  assert.equal(sockets.length, known + 2, "after ten seconds of life the first pause is short again");
});

test("a restart is followed by a random wait up to what the server asked for", async () => {
  const { clock, sockets, last } = await opened();
  last().die(1012, "retry=8000");
  await clock.advance(3_999);
  assert.equal(sockets.length, 1);
  await clock.advance(1);
  assert.equal(sockets.length, 2);
});

/** @type {[number, string][]} */
const ENDINGS = [
  [4401, "signed-out"],
  [4403, "gone"],
  [4404, "unknown"],
  [4409, "replaced"],
];

for (const [code, ending] of ENDINGS) {
  test(`close code ${code} means ${ending}`, async () => {
    const { ends, last } = await opened();
    last().die(code);
    assert.deepEqual(ends, [ending]);
  });
}

test("close codes that will pass are no end", async () => {
  for (const code of [1000, 1006, 1011, 1012, 4400, 4408, 4413, 4429]) {
    const { ends, socket, last } = await opened();
    last().die(code);
    assert.deepEqual(ends, [], String(code));
    assert.equal(socket.state, "waiting", String(code));
  }
});

test("silence of two and a half heartbeats is a dead connection, whatever the socket says", async () => {
  const { clock, sockets } = await opened();
  await clock.advance(62_000);
  assert.equal(sockets.length, 1);
  await clock.advance(10_000);
  assert.ok(sockets[0].closed);
  assert.ok(sockets.length > 1);
});

test("frames keep it alive", async () => {
  const { clock, sockets, last } = await opened();
  for (let minute = 0; minute < 10; minute += 1) {
    await clock.advance(30_000);
    last().say({ op: "heartbeat", tag: 0 });
  }
  assert.equal(sockets.length, 1);
});

test("after sleep, seen by a jump of the clock, one overdue heartbeat is enough to connect anew", async () => {
  const { clock, sockets } = await opened();
  await clock.advance(4_000);
  clock.time += 40_000; // timers stood still meanwhile
  await clock.advance(2_000);
  assert.ok(sockets[0].closed);
  assert.equal(sockets.length, 2);
});

test("a clock that jumps while frames come is no sleep", async () => {
  const { clock, sockets, last } = await opened();
  clock.time += 60_000; // a page in the background, whose timers come once a minute
  last().say({ op: "heartbeat", tag: 0 });
  await clock.advance(1_000);
  assert.equal(sockets.length, 1);
  assert.equal(sockets[0].closed, false);
});

test("woken, it connects now; an open one that has been silent too long is doubted", async () => {
  const { socket, clock, sockets, last } = await opened();
  last().die();
  socket.wake();
  await settle();
  assert.equal(sockets.length, 2);
  last().hello();
  socket.wake();
  await settle();
  assert.equal(sockets.length, 2, "nothing is wrong with it");
  clock.time += 31_000;
  socket.wake();
  await settle();
  assert.equal(sockets.length, 3);
});

test("a handshake without hello is given up", async () => {
  const { socket, clock, sockets } = socketWith();
  socket.start();
  await clock.advance(10_000);
  assert.ok(sockets[0].closed);
  await clock.advance(1_000);
  assert.equal(sockets.length, 2);
});

test("without network it waits, and does not try", async () => {
  let online = true;
  const { socket, clock, sockets, last } = await opened({ isOnline: () => online });
  online = false;
  socket.drop();
  await clock.advance(120_000);
  assert.equal(sockets.length, 1);
  online = true;
  socket.wake();
  await settle();
  assert.equal(sockets.length, 2);
  last().hello();
  assert.equal(socket.state, "open");
});

test("when the address cannot be had it waits, for as long as the server asked", async () => {
  /** @type {ApiError | null} */
  let error = new ApiError(429, {}, 9_000);
  const { socket, clock, sockets, ends } = socketWith({
    address: async () => {
      if (error) throw error;
      return "client=2";
    },
  });
  socket.start();
  await clock.advance(8_999);
  assert.equal(sockets.length, 0);
  error = null;
  await clock.advance(1);
  assert.equal(sockets.length, 1);
  assert.deepEqual(ends, []);
});

test("what an abandoned socket still says is nobody's business", async () => {
  const { socket, clock, sockets, heard, ends } = await opened();
  socket.drop();
  sockets[0].say({ op: "events", tag: 1, events: [] });
  sockets[0].die(4401);
  assert.deepEqual(heard, ["hello"]);
  assert.deepEqual(ends, []);
  await clock.advance(1_000);
  assert.equal(sockets.length, 2);
});

test("stopped, it closes and stays closed until started", async () => {
  const { socket, clock, sockets } = await opened();
  socket.stop();
  assert.ok(sockets[0].closed);
  socket.wake();
  await clock.advance(120_000);
  assert.equal(sockets.length, 1);
  socket.start();
  await settle();
  assert.equal(sockets.length, 2);
});

test("a command is answered by its ref: a result, or a refusal in the words of REST", async () => {
  const { socket, last } = await opened();
  const [one, two, three] = ["r1", "r2", "r3"].map((ref) => socket.ask({ op: "message.send", conversation: "general", ref }));
  last().say({ op: "error", ref: "r2", code: "throttled", message: "Slowly.", retry_after: 7 });
  last().say({ op: "error", ref: "r3", code: "invalid", message: "No.", errors: { text: ["Too long."] } });
  last().say({ op: "result", ref: "r1", message: message({ seq: 1, ref: "r1" }) });
  assert.equal((await one).message.id, "message-1");
  await assert.rejects(two, { status: 429, code: "throttled", retryAfter: 7_000 });
  await assert.rejects(three, { status: 422, code: "invalid", errors: { text: ["Too long."] } });
});

test("a command without an answer fails as silence does: when the socket closes, or after ten seconds", async () => {
  const { socket, clock, sockets, last } = await opened();
  const one = socket.ask({ op: "message.send", ref: "r1" });
  last().die();
  await assert.rejects(one, { status: 0 });
  await assert.rejects(socket.ask({ op: "message.send", ref: "r2" }), { status: 0 });
  await clock.advance(1_000);
  last().hello();
  const three = assert.rejects(socket.ask({ op: "message.send", ref: "r3" }), { status: 0 });
  await clock.advance(10_000);
  await three;
  assert.ok(sockets[1].closed, "nothing at all was heard in the meantime: the socket is given up");
});

for (const [what, frame] of [
  ["another message", { message: message({ seq: 1, ref: "r2" }) }],
  ["another conversation", { message: message({ seq: 1, ref: "r1", conversation: "elsewhere" }) }],
  ["no message", {}],
  ["a message without an id", { message: { ...message({ seq: 1, ref: "r1" }), id: undefined } }],
  ["a read position", { participant: { conversation: "general", member: "me", version: 1, read_seq: 1 } }],
]) {
  test(`a result with ${what} is no answer: it is asked for in another way`, async () => {
    const { socket, last } = await opened();
    const asked = socket.ask({ op: "message.send", conversation: "general", ref: "r1" });
    last().say({ op: "result", ref: "r1", ...Object(frame) });
    await assert.rejects(asked, { status: 0, code: "unproven", passing: true });
  });
}

test("a read position that lies before the one that was sent is no answer", async () => {
  const { socket, last } = await opened();
  const asked = socket.ask({ op: "conversation.read", conversation: "general", ref: "r1", seq: 7 });
  last().say({ op: "result", ref: "r1", participant: { conversation: "general", member: "me", version: 1, read_seq: 6 } });
  await assert.rejects(asked, { status: 0, code: "unproven" });
});

test("a result that nobody waits for, one that comes twice and one without a ref change nothing", async () => {
  const { socket, last, heard } = await opened();
  const asked = socket.ask({ op: "message.send", conversation: "general", ref: "r1" });
  const result = { op: "result", ref: "r1", message: message({ seq: 1, ref: "r1" }) };
  last().say({ ...result, ref: "unknown" });
  last().say({ op: "error", ref: null, code: "invalid", message: "What?" });
  last().say(result);
  last().say(result);
  assert.equal((await asked).message.seq, 1);
  assert.deepEqual(heard, ["hello"]);
  assert.equal(socket.state, "open");
});

test("an error with an unknown code is no refusal: it is asked for in another way", async () => {
  const { socket, last } = await opened();
  const asked = socket.ask({ op: "message.send", conversation: "general", ref: "r1" });
  last().say({ op: "error", ref: "r1", code: "sign_in_to_hotel_wifi", message: "Room number?" });
  await assert.rejects(asked, { status: 0, code: "unproven", passing: true });
});

for (const text of [
  "<html>Sign in</html>",
  "{}",
  "[]",
  "null",
  '{"op":"events","tag":"1"}',
  '{"op":"hello"}',
  '{"op":"heartbeat"}',
  '{"op":"signal","tag":1}',
  '{"op":"result"}',
]) {
  test(`what is no frame ends the socket, and the next one is opened: ${text}`, async () => {
    const { socket, last, sockets, clock, heard } = await opened();
    last().onmessage?.({ data: text });
    assert.equal(socket.state, "waiting");
    assert.ok(sockets[0].closed);
    await clock.advance(1_000);
    last().hello();
    assert.equal(socket.state, "open");
    assert.deepEqual(heard, ["hello", "hello"]);
  });
}

test("a frame with an op of a later version is passed on", async () => {
  const { last, heard } = await opened();
  last().say({ op: "weather", tag: "sunny" });
  assert.deepEqual(heard, ["hello", "weather"]);
});

test("a frame that comes before the hello ends the socket: the hello may have said that something is lost", async () => {
  const { socket, last, heard } = socketWith();
  socket.start();
  await settle();
  last().say({ op: "events", tag: 1, events: [] });
  assert.equal(socket.state, "waiting");
  assert.ok(last().closed);
  assert.deepEqual(heard, []);
});
