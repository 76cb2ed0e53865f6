import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../static/js/client/store.js";
import { reach, rowsOf } from "../../static/js/ui/conversation/message-rows.js";
import { conversation, ME, message, participant } from "./support.js";

const at = (minute, fields) => message({ created_at: new Date(Date.UTC(2026, 2, 1, 12, minute)).toISOString(), ...fields });
const entry = (fields) => ({
  ref: "r1",
  conversation: "general",
  text: "hi",
  thread: null,
  created_at: at(3, { seq: 0 }).created_at,
  state: "sending",
  error: null,
  ...fields,
});
const shape = (rows) => rows.map((row) => [row.kind, row.compact ?? false]);

test("messages of one author within minutes stand under one name, others do not", () => {
  const rows = rowsOf(
    new Store(ME),
    [at(0, { seq: 1 }), at(2, { seq: 2 }), at(3, { seq: 3, author: "x" }), at(30, { seq: 4, author: "x" })],
    [],
  );
  assert.deepEqual(shape(rows), [
    ["day", false],
    ["message", false],
    ["message", true],
    ["message", false],
    ["message", false],
  ]);
});

test("the new divider stands above the first unread message of somebody else, once, and ends a group", () => {
  const messages = [at(0, { seq: 1 }), at(1, { seq: 2, author: ME }), at(2, { seq: 3 }), at(3, { seq: 4 })];
  const rows = rowsOf(new Store(ME), messages, [], { newAfter: 1 });
  assert.deepEqual(shape(rows), [
    ["day", false],
    ["message", false],
    ["message", false],
    ["new", false],
    ["message", false],
    ["message", true],
  ]);
});

test("a message on its way keeps its key when it arrives, and is not shown twice", () => {
  const store = new Store(ME);
  const [pending] = rowsOf(store, [], [entry()]);
  const rows = rowsOf(store, [at(3, { seq: 1, author: ME, ref: "r1" })], [entry()]);
  assert.equal(pending.kind, "pending");
  assert.deepEqual(
    rows.map((row) => row.kind),
    ["day", "message"],
  );
  assert.equal(rows[1].key, pending.key);
});

test("somebody else's message with the same ref is another row", () => {
  const rows = rowsOf(new Store(ME), [at(3, { seq: 1, author: "mallory", ref: "r1" })], [entry()]);
  assert.deepEqual(
    rows.map((row) => row.kind),
    ["day", "message", "pending"],
  );
  assert.equal(new Set(rows.map((row) => row.key)).size, 3);
});

test("replies are read in their thread: the message counts them, and says who wrote last where all are known", () => {
  const root = at(0, { seq: 1, reply_count: 2 });
  const replies = [at(1, { seq: 2, thread: root.id, author: "x" }), at(2, { seq: 3, thread: root.id, author: "y" })];
  const rows = rowsOf(new Store(ME), [root, ...replies, at(3, { seq: 4 })], []);
  assert.deepEqual(shape(rows), [
    ["day", false],
    ["message", false],
    ["message", true],
  ]);
  assert.deepEqual(rows[1].replies?.authors, ["x", "y"]);
  assert.equal(rows[1].replies?.last, replies[1]);
  assert.equal(rowsOf(new Store(ME), [{ ...root, reply_count: 9 }, ...replies], [])[1].replies?.last, null);
});

test("where a thread goes on later, one line says so, however many replies there are in a row", () => {
  const root = at(0, { seq: 1, reply_count: 3 });
  const later = [at(2, { seq: 3, thread: root.id }), at(2, { seq: 4, thread: root.id }), at(3, { seq: 5, thread: "other" })];
  const rows = rowsOf(new Store(ME), [root, at(1, { seq: 2 }), ...later, at(4, { seq: 6 })], []);
  assert.deepEqual(
    rows.map((row) => row.kind),
    ["day", "message", "message", "activity", "activity", "message"],
  );
  assert.deepEqual(
    rows[3].activity?.map(({ seq }) => seq),
    [3, 4],
  );
  assert.equal(rows[5].compact, false);
});

test("a new reply has its place below the divider, and marks the message it belongs to", () => {
  const root = at(0, { seq: 1, reply_count: 2 });
  const messages = [root, at(1, { seq: 2 }), at(2, { seq: 3, thread: root.id }), at(3, { seq: 4, thread: root.id })];
  const store = new Store(ME);
  store.putConversation(conversation());
  store.putParticipant(participant({ read_seq: 2 }));
  messages.forEach((one) => store.putMessage(one));
  const rows = rowsOf(store, messages, [], { newAfter: 3 });
  assert.deepEqual(
    rows.map((row) => row.kind),
    ["day", "message", "message", "activity", "new", "activity"],
  );
  assert.deepEqual(
    rows.map((row) => row.unreadReplies ?? 0),
    [0, 2, 0, 0, 0, 0],
  );
  store.moveThreadRead("general", root.id, 3);
  assert.equal(rowsOf(store, messages, [], { newAfter: 3 })[1].unreadReplies, 1);
});

test("one's own replies are not new", () => {
  const root = at(0, { seq: 1, reply_count: 1 });
  const rows = rowsOf(new Store(ME), [root, at(1, { seq: 2, thread: root.id, author: ME })], [], { newAfter: 1 });
  assert.deepEqual(shape(rows), [
    ["day", false],
    ["message", false],
  ]);
});

test("a reply on its way names what it replies to", () => {
  const store = new Store(ME);
  const root = at(0, { seq: 1, reply_count: 2 });
  store.putConversation(conversation());
  store.putMessage(root);
  const rows = rowsOf(store, [root], [entry({ thread: root.id }), entry({ ref: "r2", thread: root.id }), entry({ ref: "r3" })]);
  assert.deepEqual(
    rows.slice(2).map((row) => [row.context, row.compact]),
    [
      [root, false],
      [undefined, true],
      [undefined, false],
    ],
  );
});

test("a window reaches as far as its rows are few, and a thread in a row is one", () => {
  const messages = [1, 2, 3, 4, 5, 6, 7].map((seq) => at(seq, { seq, thread: seq > 2 && seq < 6 ? "root" : null }));
  assert.equal(reach(messages, 5, "first"), null);
  assert.equal(reach(messages, 4, "first"), 6);
  assert.equal(reach(messages, 3, "first"), 5);
  assert.equal(reach(messages, 3, "last"), 3);
  assert.equal(reach([], 3, "last"), null);
});

test("in a thread the root is set apart from its replies", () => {
  const root = at(0, { seq: 1, reply_count: 1 });
  const rows = rowsOf(new Store(ME), [root, at(1, { seq: 2, thread: root.id })], [], { inThread: true });
  assert.deepEqual(shape(rows), [
    ["day", false],
    ["message", false],
    ["count", false],
    ["message", false],
  ]);
});
