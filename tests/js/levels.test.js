import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../static/js/client/store.js";
import { attention, isWorthNotifying } from "../../static/js/ui/lib/levels.js";
import { conversation, ME, message, participant } from "./support.js";

/** A channel in which two of four messages are read; the last one names the member. @param {object} own fields of the member's participant */
function channel(own = {}) {
  const store = new Store(ME);
  store.putConversation(conversation({ last_seq: 4 }));
  store.putParticipant(participant({ member: ME, read_seq: 2, notifications: "all", muted: false, ...own }));
  for (const seq of [1, 2, 3]) store.putMessage(message({ seq }));
  store.putMessage(message({ seq: 4, mentions: [ME] }));
  store.putEntity("attention", entity({ seq: 4 }));
  return store;
}

/** @param {object} fields */
const entity = (fields = {}) => ({
  ...{ id: "a4", message: "m4", conversation: conversation().id, thread: null, author: "other", member: ME },
  ...{ reason: "mention", withdrawn_at: null, version: 1, seq: 4 },
  ...fields,
});

const { id } = conversation();

test("a badge counts what the member asked to be notified of", () => {
  assert.deepEqual(attention(channel(), id), { unread: 2, mentions: 1, count: 2, loud: true });
  assert.deepEqual(attention(channel({ notifications: "mentions" }), id), { unread: 2, mentions: 1, count: 1, loud: true });
  assert.deepEqual(attention(channel({ notifications: "none" }), id), { unread: 2, mentions: 1, count: 0, loud: true });
});

test("what is muted, read or not taken part in is quiet", () => {
  assert.deepEqual(attention(channel({ muted: true }), id), { unread: 2, mentions: 0, count: 0, loud: false });
  assert.equal(attention(channel({ read_seq: 4 }), id).loud, false);
  assert.equal(attention(new Store(ME), id).loud, false);
});

test("a notification is for what is new, somebody else's, and as loud as one asked for", () => {
  const worth = (/** @type {object} */ own, /** @type {number} */ seq, fields = {}) => {
    const store = channel(own);
    return isWorthNotifying(store, { ...message({ seq }), ...store.at(id, seq), ...fields });
  };
  assert.deepEqual(
    [2, 3, 4].map((seq) => worth({}, seq)),
    [false, true, true],
  );
  assert.deepEqual(
    [3, 4].map((seq) => worth({ notifications: "mentions" }, seq)),
    [false, true],
  );
  assert.deepEqual(
    [3, 4].map((seq) => worth({ notifications: "none" }, seq)),
    [false, false],
  );
  assert.equal(worth({ muted: true }, 4), false);
  assert.equal(worth({}, 4, { author: ME }), false);
  assert.equal(worth({}, 4, { deleted_at: "2026-03-01T09:00:00Z" }), false);
});

test("messages that the page does not have count, each once", () => {
  const store = channel({ notifications: "mentions" });
  store.putConversation(conversation({ last_seq: 400, version: 2 }));
  store.putEntity("attention", entity({ id: "a300", seq: 300, reason: "reply" }));
  store.putEntity("attention", entity({ id: "g300", seq: 300, reason: "group", member: null }));
  assert.deepEqual([attention(store, id).mentions, attention(store, id).count], [2, 2]);
});

test("what is withdrawn, read or by the member themself does not count", () => {
  const store = channel();
  store.putEntity("attention", entity({ id: "a3", seq: 3, author: ME, reason: "group", member: null }));
  store.putEntity("attention", entity({ id: "a1", seq: 1 }));
  assert.equal(attention(store, id).mentions, 1);
  store.putEntity("attention", entity({ withdrawn_at: "2026-03-01T09:00:00Z", version: 2 }));
  assert.equal(attention(store, id).mentions, 0);
  store.putEntity("attention", entity());
  assert.equal(attention(store, id).mentions, 0, "an older version changes nothing");
});

test("nothing is kept of a conversation that was left", () => {
  const store = channel();
  store.removeConversation(id);
  assert.equal(store.entities.attention.size, 0);
});
