import assert from "node:assert/strict";
import { test } from "node:test";

import { fold, slotOf, withChanges } from "../../static/js/client/changes.js";
import { Store } from "../../static/js/client/store.js";
import { conversation, everything, ME, message, participant } from "./support.js";

let count = 0;
/** @param {import("../../static/js/client/changes.js").Kind} kind @param {any} value @param {any} [fields] */
const change = (kind, value, fields = {}) => ({
  ref: `ref-${(count += 1)}`,
  kind,
  conversation: "general",
  target: "message-1",
  value,
  order: count,
  created_at: "2026-03-02T09:00:00Z",
  state: "sending",
  error: null,
  ...fields,
});

test("a reaction is added once, and taken back without the emoji's variation", () => {
  const heart = { emoji: "❤️", members: ["member-bob"] };
  const added = withChanges(message({ seq: 1, reactions: [heart] }), [change("reaction", { emoji: "❤", on: true })], ME);
  assert.deepEqual(added.reactions, [{ emoji: "❤️", members: ["member-bob", ME] }]);
  assert.deepEqual(withChanges(added, [change("reaction", { emoji: "❤", on: true })], ME), added);
  const back = withChanges(added, [change("reaction", { emoji: "❤", on: false })], ME);
  assert.deepEqual(back.reactions, [heart]);
  assert.equal(slotOf(change("reaction", { emoji: "❤" })), slotOf(change("reaction", { emoji: "❤️" })));
});

test("an edit is shown as text until the server has rendered it", () => {
  const shown = withChanges(message({ seq: 1 }), [change("edit", { text: '<b>\n&"', base: "text 1", version: 1 })], ME);
  assert.equal(shown.html, "<p>&lt;b&gt;<br>&amp;&quot;</p>");
  assert.deepEqual([shown.text, shown.version], ['<b>\n&"', 1]);
});

test("a deleted message shows no further changes", () => {
  const shown = withChanges(
    message({ seq: 1, pinned_at: "2026-03-01T09:00:00Z" }),
    [change("delete", { reason: "" }), change("reaction", { emoji: "👍", on: true })],
    ME,
  );
  assert.deepEqual([shown.text, shown.reactions, shown.pinned_at, shown.deleted_at], ["", [], null, "2026-03-02T09:00:00Z"]);
});

test("what is left of a change is what the server does not have", () => {
  assert.equal(fold("pin", undefined, { on: true }, message({ seq: 1, pinned_at: "x" }), ME), null);
  assert.deepEqual(fold("pin", undefined, { on: true }, undefined, ME), { on: true });
  assert.deepEqual(fold("details", { name: "new" }, { topic: "t" }, conversation({ topic: "t" })), { name: "new" });
  assert.equal(fold("own", { muted: true }, { muted: false }, participant()), null);
  assert.equal(fold("edit", { text: "b", base: "a", version: 1 }, { text: "a", base: "b", version: 1 }), null);
});

/** A store with the changes in `changes`, which the test alters. */
function storeWith(changes) {
  const store = new Store(ME);
  store.overlay.changesOf = (target) => changes.filter((one) => one.target === target);
  store.take([everything([1])]);
  return store;
}

test("a change is shown at once, stays shown over newer entities, and is gone when it is refused", () => {
  const changes = [];
  const store = storeWith(changes);
  const like = change("reaction", { emoji: "👍", on: true });
  const seen = [];
  store.observe(({ messages }) => seen.push(...messages));
  changes.push(like);
  store.reshow(like);
  const reactions = () => store.messages.get("message-1")?.reactions.map(({ emoji, members }) => emoji + members.length);
  assert.deepEqual(reactions(), ["👍1"]);
  store.takeMessage(message({ seq: 1, version: 2, reactions: [{ emoji: "👍", members: ["member-bob"] }] }));
  assert.deepEqual(reactions(), ["👍2"]);
  changes[0] = { ...like, state: "failed" };
  store.reshow(like);
  assert.deepEqual(reactions(), ["👍1"]);
  assert.deepEqual(seen, ["message-1", "message-1", "message-1"]);
  assert.equal(store.confirmed(like), store.messages.get("message-1"));
});

test("settings and names are shown over what events say, and reading goes on below them", () => {
  const mute = change("own", { muted: true }, { target: "general" });
  const rename = change("details", { name: "plans" }, { target: "general" });
  const changes = [mute, rename];
  const store = storeWith(changes);
  store.moveRead("general", 1);
  store.putParticipant(participant({ version: 2, favourite: true }));
  store.takeMessage(message({ seq: 2 }));
  assert.deepEqual([store.ownParticipant("general")?.muted, store.ownParticipant("general")?.favourite], [true, true]);
  assert.deepEqual([store.conversations.get("general")?.name, store.conversations.get("general")?.last_seq], ["plans", 2]);
  changes.length = 0;
  store.reshow(mute);
  store.reshow(rename);
  assert.deepEqual([store.ownParticipant("general")?.muted, store.ownParticipant("general")?.read_seq], [false, 1]);
  assert.deepEqual([store.conversations.get("general")?.name, store.conversations.get("general")?.last_seq], ["general", 2]);
});
