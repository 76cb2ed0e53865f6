import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../static/js/client/store.js";
import { rowsOf } from "../../static/js/ui/rows.js";
import { ME, conversation, message } from "./support.js";

const at = (minute, fields) => message({ created_at: new Date(Date.UTC(2026, 2, 1, 12, minute)).toISOString(), ...fields });
const entry = (fields) => ({ ref: "r1", conversation: "general", text: "hi", thread: null, created_at: at(3, { seq: 0 }).created_at, state: "sending", error: null, ...fields });
const shape = (rows) => rows.map((row) => [row.kind, row.compact ?? false]);

test("messages of one author within minutes stand under one name, others do not", () => {
  const rows = rowsOf(new Store(ME), [at(0, { seq: 1 }), at(2, { seq: 2 }), at(3, { seq: 3, author: "x" }), at(30, { seq: 4, author: "x" })], []);
  assert.deepEqual(shape(rows), [["day", false], ["message", false], ["message", true], ["message", false], ["message", false]]);
});

test("the new divider stands above the first unread message of somebody else, once, and ends a group", () => {
  const messages = [at(0, { seq: 1 }), at(1, { seq: 2, author: ME }), at(2, { seq: 3 }), at(3, { seq: 4 })];
  const rows = rowsOf(new Store(ME), messages, [], { newAfter: 1 });
  assert.deepEqual(shape(rows), [["day", false], ["message", false], ["message", false], ["new", false], ["message", false], ["message", true]]);
});

test("a message on its way keeps its key when it arrives, and is not shown twice", () => {
  const store = new Store(ME);
  const [pending] = rowsOf(store, [], [entry()]);
  const rows = rowsOf(store, [at(3, { seq: 1, author: ME, ref: "r1" })], [entry()]);
  assert.equal(pending.kind, "pending");
  assert.deepEqual(rows.map((row) => row.kind), ["day", "message"]);
  assert.equal(rows[1].key, pending.key);
});

test("somebody else's message with the same ref is another row", () => {
  const rows = rowsOf(new Store(ME), [at(3, { seq: 1, author: "mallory", ref: "r1" })], [entry()]);
  assert.deepEqual(rows.map((row) => row.kind), ["day", "message", "pending"]);
  assert.equal(new Set(rows.map((row) => row.key)).size, 3);
});

test("a reply names what it replies to, unless the one above does", () => {
  const store = new Store(ME);
  const root = at(0, { seq: 1, reply_count: 2 });
  store.putConversation(conversation());
  store.putMessage(root);
  const messages = [root, at(1, { seq: 2, thread: root.id }), at(2, { seq: 3, thread: root.id }), at(2, { seq: 4, thread: "unknown" })];
  const rows = rowsOf(store, messages, []).filter((row) => row.kind === "message");
  assert.deepEqual(rows.map((row) => row.context), [undefined, root, undefined, null]);
  assert.deepEqual(rows.map((row) => row.compact), [false, false, true, false]);
});

test("in a thread the root is set apart from its replies", () => {
  const root = at(0, { seq: 1, reply_count: 1 });
  const rows = rowsOf(new Store(ME), [root, at(1, { seq: 2, thread: root.id })], [], { inThread: true });
  assert.deepEqual(shape(rows), [["day", false], ["message", false], ["count", false], ["message", false]]);
});
