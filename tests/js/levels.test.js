import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../static/js/client/store.js";
import { attention, isWorthTelling } from "../../static/js/ui/lib/levels.js";
import { conversation, ME, message, participant } from "./support.js";

/** A channel in which two of four messages are read; the last one names the member. @param {object} own fields of the member's participant */
function channel(own = {}) {
  const store = new Store(ME);
  store.putConversation(conversation({ last_seq: 4 }));
  store.putParticipant(participant({ member: ME, read_seq: 2, notifications: "all", muted: false, ...own }));
  for (const seq of [1, 2, 3]) store.putMessage(message({ seq }));
  store.putMessage(message({ seq: 4, mentions: [ME] }));
  return store;
}

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
    return isWorthTelling(store, { ...message({ seq }), ...store.at(id, seq), ...fields });
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
  assert.equal(worth({ notifications: "mentions" }, 3, { wide_mention: "channel" }), true);
});
