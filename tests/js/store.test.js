import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../static/js/client/store.js";
import { ME, conversation, message, seat } from "./support.js";

function storeWith(...messages) {
  const store = new Store(ME);
  store.putConversation(conversation());
  store.putParticipant(seat());
  for (const one of messages) store.putMessage(one);
  return store;
}

test("a newer version replaces, an older or equal one changes nothing", () => {
  const store = storeWith(message({ seq: 1, version: 2, text: "second" }));
  store.putMessage(message({ seq: 1, version: 1, text: "first" }));
  store.putMessage(message({ seq: 1, version: 2, text: "other" }));
  assert.equal(store.messages.get("message-1").text, "second");
  store.putMessage(message({ seq: 1, version: 3, text: "third" }));
  assert.equal(store.messages.get("message-1").text, "third");
});

test("every order of the same news ends in the same state", () => {
  const news = [
    (store) => store.putMessage(message({ seq: 1 })),
    (store) => store.putMessage(message({ seq: 2, version: 2, text: "edited" })),
    (store) => store.putMessage(message({ seq: 2, version: 1 })),
    (store) => store.putConversation(conversation({ version: 2, topic: "tea", last_seq: 1 })),
    (store) => store.putParticipant(seat({ version: 2, read_seq: 1 })),
  ];
  const states = permutations(news).map((order) => {
    const store = storeWith();
    for (const apply of [...order, ...order]) apply(store);
    return JSON.stringify([
      store.between("general", 1, 9).map(({ id, text, version }) => [id, text, version]),
      store.conversations.get("general"),
      store.ownSeat("general"),
    ]);
  });
  assert.equal(states.length, 120);
  assert.equal(new Set(states).size, 1);
});

test("observers hear once of a batch, and not at all of repetition", () => {
  const store = storeWith();
  const heard = [];
  store.observe((changes) => heard.push([...changes.messages]));
  store.batch(() => {
    store.putMessage(message({ seq: 1 }));
    store.putMessage(message({ seq: 2 }));
  });
  store.putMessage(message({ seq: 1 }));
  store.putConversation(conversation());
  store.putParticipant(seat());
  assert.deepEqual(heard, [["message-1", "message-2"]]);
});

test("a message moves the end of its conversation, and one's own the read position", () => {
  const store = storeWith(message({ seq: 1 }), message({ seq: 2 }));
  assert.equal(store.conversations.get("general").last_seq, 2);
  assert.equal(store.unread("general"), 2);
  store.putMessage(message({ seq: 3, author: ME }));
  assert.equal(store.unread("general"), 0);
});

test("read positions and last_seq never go back, whatever version says so", () => {
  const store = storeWith(message({ seq: 9 }));
  store.moveRead("general", 7);
  store.moveRead("general", 3);
  store.putParticipant(seat({ version: 5, read_seq: 4 }));
  store.putConversation(conversation({ version: 5, last_seq: 6 }));
  assert.equal(store.ownSeat("general").read_seq, 7);
  assert.equal(store.ownSeat("general").version, 5);
  assert.equal(store.conversations.get("general").last_seq, 9);
});

test("what others are told of a seat does not wipe the private fields", () => {
  const store = storeWith();
  store.putParticipant(seat({ version: 2, read_seq: 4, muted: true }));
  const { read_seq, muted, notifications, favourite, ...shared } = seat({ version: 3, role: "admin" });
  store.putParticipant(shared);
  assert.deepEqual(store.ownSeat("general"), seat({ version: 3, role: "admin", read_seq: 4, muted: true }));
});

test("a seat that was left is not brought back by an older event, but by a newer one", () => {
  const store = storeWith();
  store.putParticipant(seat({ version: 2, left_at: "2026-03-01T10:00:00Z" }));
  assert.equal(store.ownSeat("general"), undefined);
  store.putConversation(conversation());
  store.putParticipant(seat({ version: 1 }));
  assert.equal(store.ownSeat("general"), undefined);
  store.putParticipant(seat({ version: 3 }));
  assert.equal(store.ownSeat("general").version, 3);
});

test("stretches end at gaps", () => {
  const store = storeWith(...[1, 2, 3, 7, 8].map((seq) => message({ seq })));
  assert.deepEqual(store.stretch("general", 2), { from: 1, to: 3 });
  assert.deepEqual(store.stretch("general", 8), { from: 7, to: 8 });
  assert.deepEqual(store.stretch("general", 2, 1), { from: 1, to: 3 });
  assert.equal(store.stretch("general", 5), null);
  assert.equal(store.stretch("nowhere", 1), null);
});

test("removing a conversation leaves nothing of it", () => {
  const store = storeWith(message({ seq: 1 }));
  store.putConversation(conversation({ id: "random" }));
  store.putMessage(message({ seq: 1, id: "elsewhere", conversation: "random" }));
  store.removeConversation("general");
  assert.deepEqual([...store.conversations.keys()], ["random"]);
  assert.equal(store.ownSeat("general"), undefined);
  assert.deepEqual([...store.messages.keys()], ["elsewhere"]);
});

test("trimming keeps the window and what is shown elsewhere", () => {
  const store = storeWith(...[1, 2, 3, 4, 5].map((seq) => message({ seq })));
  store.trim("general", 3, 4, (one) => one.seq === 1);
  assert.deepEqual(store.between("general", 1, 9).map((one) => one.seq), [1, 3, 4]);
  assert.equal(store.messages.size, 3);
  assert.equal(store.conversations.get("general").last_seq, 5);
});

test("replies of a thread come in order", () => {
  const root = message({ seq: 1 });
  const store = storeWith(root, message({ seq: 5, thread: root.id }), message({ seq: 3, thread: root.id }), message({ seq: 4 }));
  assert.deepEqual(store.replies(root).map((one) => one.seq), [3, 5]);
});

function permutations(items) {
  if (items.length < 2) return [items];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}
