import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../static/js/client/store.js";
import { answer, conversation, event, everything, ME, me, member, message, participant, synced } from "./support.js";

function storeWith(...messages) {
  const store = new Store(ME);
  store.putConversation(conversation());
  store.putParticipant(participant());
  for (const one of messages) store.putMessage(one);
  return store;
}

test("a newer version replaces, an older or equal one changes nothing", () => {
  const store = storeWith(message({ seq: 1, version: 2, text: "second" }));
  store.putMessage(message({ seq: 1, version: 1, text: "first" }));
  store.putMessage(message({ seq: 1, version: 2, text: "other" }));
  assert.equal(store.messages.get("message-1")?.text, "second");
  store.putMessage(message({ seq: 1, version: 3, text: "third" }));
  assert.equal(store.messages.get("message-1")?.text, "third");
});

test("every order of the same changes ends in the same state", () => {
  const changes = [
    (store) => store.putMessage(message({ seq: 1 })),
    (store) => store.putMessage(message({ seq: 2, version: 2, text: "edited" })),
    (store) => store.putMessage(message({ seq: 2, version: 1 })),
    (store) => store.putConversation(conversation({ version: 2, topic: "tea", last_seq: 1 })),
    (store) => store.putParticipant(participant({ version: 2, read_seq: 1 })),
  ];
  const states = permutations(changes).map((order) => {
    const store = storeWith();
    for (const apply of [...order, ...order]) apply(store);
    return JSON.stringify([
      store.between("general", 1, 9).map(({ id, text, version }) => [id, text, version]),
      store.conversations.get("general"),
      store.ownParticipant("general"),
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
  store.putParticipant(participant());
  assert.deepEqual(heard, [["message-1", "message-2"]]);
});

test("a message moves the end of its conversation and its time", () => {
  const store = storeWith(message({ seq: 1 }), message({ seq: 2, created_at: "2026-03-01T10:00:00Z" }));
  const { last_seq, last_message_at } = store.conversations.get("general") ?? {};
  assert.deepEqual([last_seq, last_message_at], [2, "2026-03-01T10:00:00Z"]);
  store.putConversation(conversation({ version: 5, last_seq: 1, last_message_at: "2026-03-01T09:00:00Z" }));
  assert.equal(store.conversations.get("general")?.last_message_at, "2026-03-01T10:00:00Z");
});

test("one's own message is read, what stands above it is not", () => {
  const store = storeWith(message({ seq: 1 }), message({ seq: 2 }));
  store.apply(event("message.created", message({ seq: 3, author: ME })));
  assert.deepEqual(store.unreadSeqs("general"), [[1, 2]]);
  assert.equal(store.readUpTo("general"), 0);
  store.moveRead("general", 2);
  assert.equal(store.unread("general"), 0);
  assert.equal(store.readUpTo("general"), 3, "nothing is missing behind the position");
});

test("a page of history says nothing about what is read, so an old position is sent once more", () => {
  const store = new Store(ME);
  store.putConversation(conversation({ last_seq: 2 }));
  store.putParticipant(participant({ read_seq: 1 }));
  store.putMessage(message({ seq: 2, author: ME }));
  assert.equal(store.ownParticipant("general")?.read_seq, 1);
});

test("deleted and hidden messages are not unread; restored ones are again", () => {
  const store = storeWith(...[1, 2, 3, 4].map((seq) => message({ seq })));
  store.moveRead("general", 1);
  store.putConversation(
    conversation({
      version: 2,
      last_seq: 4,
      gone: [
        [1, 2],
        [4, 4],
      ],
    }),
  );
  assert.deepEqual(store.unreadSeqs("general"), [[3, 3]]);
  store.putConversation(
    conversation({
      version: 3,
      last_seq: 4,
      gone: [
        [1, 1],
        [4, 4],
      ],
    }),
  );
  assert.equal(store.unread("general"), 2);
});

const reply = (seq, fields = {}) => message({ seq, thread: "message-1", ...fields });

test("the main line reads replies of foreign threads, not those of threads that the member follows", () => {
  const follows = {
    head: [{ author: ME }],
    reply: [{}, { author: ME }],
    name: [{ mentions: [ME] }],
    "name in a reply": [{}, { mentions: [ME] }],
  };
  for (const [why, [head, first = {}]] of Object.entries(follows)) {
    const store = storeWith(message({ seq: 1, ...head }), reply(2, first), reply(3), message({ seq: 4 }));
    store.moveRead("general", 4);
    assert.ok(store.isUnread(reply(3)), why);
    assert.equal(store.readUpTo("general"), 4, "the main line is read nevertheless");
    assert.deepEqual(store.passedReplies("general").at(-1)?.at(-1), 3);
    store.moveThreadRead("general", "message-1", 3);
    assert.equal(store.isUnread(reply(3)), false, why);
  }
  const foreign = storeWith(message({ seq: 1 }), reply(2), reply(3), message({ seq: 4 }));
  foreign.moveRead("general", 4);
  assert.equal(foreign.unread("general"), 0);
});

test("where part of a thread is not known, the server's answer decides which of its replies are read", () => {
  const store = storeWith(message({ seq: 1 }), reply(3), message({ seq: 4 })); // 2 may be one's own reply
  store.moveRead("general", 4);
  assert.deepEqual(store.unreadSeqs("general"), [[2, 3]]);
  store.putParticipant(participant({ version: 2, read_seq: 4, read: [[0, 4]] }));
  assert.equal(store.unread("general"), 0);
});

test("a thread is read up to what was shown of it, and a mark stays", () => {
  const store = storeWith(message({ seq: 1, author: ME }), reply(2), reply(3), reply(4));
  store.moveRead("general", 4);
  store.markUnread("general", 4);
  assert.equal(store.moveThreadRead("general", "message-1", 3), true);
  assert.equal(store.moveThreadRead("general", "message-1", 3), false);
  assert.deepEqual(store.unreadSeqs("general"), [[4, 4]]);
  assert.equal(store.ownParticipant("general")?.unread_from, 4);
  store.moveAllRead("general", 4);
  assert.equal(store.unread("general"), 0);
});

test("read states are merged, in whatever order they arrive", () => {
  const states = [
    [
      [0, 2],
      [7, 7],
    ],
    [[0, 3]],
    [
      [0, 0],
      [5, 6],
    ],
  ].map((read, index) => participant({ version: 2 + index, read: read.map(([from, to]) => [from, to]), read_seq: read[0][1] }));
  for (const order of permutations(states)) {
    const store = storeWith(...[1, 2, 3, 4, 5, 6, 7, 8].map((seq) => message({ seq })));
    order.forEach((one) => store.addRead("general", one));
    assert.deepEqual(store.ownParticipant("general")?.read, [
      [0, 3],
      [5, 7],
    ]);
    assert.deepEqual(store.unreadSeqs("general"), [
      [4, 4],
      [8, 8],
    ]);
  }
});

test("the unread messages that are known, newest first, however few of them are", () => {
  const store = storeWith(...[90, 40, 41].map((seq) => message({ seq })));
  const seqs = (options) => store.unreadMessages("general", options).map(({ seq }) => seq);
  assert.deepEqual(seqs(), [90, 41, 40]);
  assert.deepEqual(seqs({ to: 41 }), [41, 40]);
  assert.deepEqual(seqs({ most: 3 }), [90]);
  store.moveRead("general", 39);
  store.addRead("general", { read: [[43, 89]] });
  assert.deepEqual(seqs(), [90, 41, 40]);
});

test("read positions and last_seq never go back, whatever version says so", () => {
  const store = storeWith(message({ seq: 9 }));
  store.moveRead("general", 7);
  store.moveRead("general", 3);
  store.putParticipant(participant({ version: 5, read_seq: 4 }));
  store.putConversation(conversation({ version: 5, last_seq: 6 }));
  assert.equal(store.ownParticipant("general")?.read_seq, 7);
  assert.equal(store.ownParticipant("general")?.version, 5);
  assert.equal(store.conversations.get("general")?.last_seq, 9);
});

test("a participant without private fields does not remove the known private fields", () => {
  const store = storeWith();
  store.putParticipant(participant({ version: 2, read_seq: 4, muted: true }));
  const { read_seq, muted, notifications, favourite, ...shared } = participant({ version: 3, role: "admin" });
  store.putParticipant(shared);
  assert.deepEqual(store.ownParticipant("general"), participant({ version: 3, role: "admin", read_seq: 4, muted: true }));
});

test("a participant who left is restored by a newer event, not by an older one", () => {
  const store = storeWith();
  store.putParticipant(participant({ version: 2, left_at: "2026-03-01T10:00:00Z" }));
  assert.equal(store.ownParticipant("general"), undefined);
  store.putConversation(conversation());
  store.putParticipant(participant({ version: 1 }));
  assert.equal(store.ownParticipant("general"), undefined);
  store.putParticipant(participant({ version: 3 }));
  assert.equal(store.ownParticipant("general")?.version, 3);
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
  assert.equal(store.ownParticipant("general"), undefined);
  assert.deepEqual([...store.messages.keys()], ["elsewhere"]);
});

test("trimming keeps the window and what is shown elsewhere", () => {
  const store = storeWith(...[1, 2, 3, 4, 5].map((seq) => message({ seq })));
  store.trim("general", 3, 4, (one) => one.seq === 1);
  assert.deepEqual(
    store.between("general", 1, 9).map((one) => one.seq),
    [1, 3, 4],
  );
  assert.equal(store.messages.size, 3);
  assert.equal(store.conversations.get("general")?.last_seq, 5);
});

test("replies of a thread come in order", () => {
  const root = message({ seq: 1 });
  const store = storeWith(root, message({ seq: 5, thread: root.id }), message({ seq: 3, thread: root.id }), message({ seq: 4 }));
  assert.deepEqual(
    store.replies(root).map((one) => one.seq),
    [3, 5],
  );
});

test("a full answer replaces what was known, pages before it included", () => {
  const store = storeWith(message({ seq: 1 }));
  store.putMember(member({ id: "member-gone" }));
  store.take([
    answer({
      cursor: "p1",
      more: true,
      conversations: [synced({ id: "random" })],
      participants: [participant({ conversation: "random" })],
    }),
    everything([7, 8], { conversations: [synced({ last_seq: 8, history_gap: true })] }),
  ]);
  assert.deepEqual([...store.conversations.keys()], ["general"]);
  assert.deepEqual([...store.members.keys()].sort(), ["member-bob", ME]);
  assert.deepEqual(store.stretch("general", 8), { from: 7, to: 8 });
  assert.equal(store.at("general", 1), undefined);
});

test("a history gap forgets what is older than the answer, of that conversation alone", () => {
  const store = storeWith(...[1, 2, 3, 9].map((seq) => message({ seq })));
  store.take([answer({ conversations: [synced({ last_seq: 11, history_gap: true })], messages: [10, 11].map((seq) => message({ seq })) })]);
  assert.deepEqual(
    store.between("general", 1, 20).map(({ seq }) => seq),
    [10, 11],
  );
  store.take([answer({ conversations: [synced({ last_seq: 20, history_gap: true })] })]);
  assert.equal(store.has("general"), false, "none of the changed messages fitted");
});

test("what is removed goes, and so does a conversation which the member has left", () => {
  const store = storeWith(message({ seq: 1 }));
  store.putConversation(conversation({ id: "random" }));
  store.putParticipant(participant({ conversation: "random" }));
  store.take([answer({ removed: { conversations: ["random"], members: [] } })]);
  assert.deepEqual([...store.conversations.keys()], ["general"]);
  store.apply(event("participant.removed", participant({ version: 2, left_at: "2026-03-01T10:00:00Z" })));
  assert.equal(store.conversations.size, 0);
  store.apply(event("message.created", message({ seq: 2 })));
  assert.equal(store.messages.size, 0, "an event that was on its way is not for us to keep");
});

test("after a loss the people of channels are unknown, those of direct messages are not", () => {
  const store = storeWith();
  store.putConversation(conversation({ id: "direct", kind: "direct", people: [ME, "member-bob"] }));
  for (const id of ["general", "direct"]) store.putParticipants(id, [participant({ conversation: id, member: "member-bob" })]);
  store.putParticipant(participant({ conversation: "direct" }));
  store.forgetParticipants();
  assert.deepEqual([...(store.participants.get("general")?.keys() ?? [])], [ME]);
  assert.deepEqual([...(store.participants.get("direct")?.keys() ?? [])].sort(), ["member-bob", ME]);
  assert.deepEqual([store.knowsParticipants("general"), store.knowsParticipants("direct")], [false, true]);
});

test("what was asked for before something was forgotten is not current", () => {
  const store = storeWith(message({ seq: 1 }));
  const { moment } = store;
  assert.ok(store.isCurrent("general", moment));
  store.forgetHistory("random");
  assert.ok(store.isCurrent("general", moment));
  store.trim("general", 1, 9);
  assert.ok(store.isCurrent("general", moment), "nothing was trimmed");
  store.trim("general", 2, 9);
  assert.equal(store.isCurrent("general", moment), false);
  const later = store.moment;
  store.take([everything([1])]);
  assert.equal(store.isCurrent("general", later), false);
  assert.equal(store.isCurrent("never heard of", later), false);
});

test("guests forget whom nothing refers to; everybody else keeps them", () => {
  for (const role of /** @type {const} */ (["guest", "member"])) {
    const store = storeWith(message({ seq: 1 }));
    for (const one of [me({ role }), member(), member({ id: "member-dora" })]) store.putMember(one);
    store.take([answer({ me: me({ role }) })]);
    assert.equal(store.members.has("member-dora"), role === "member", role);
    assert.ok(store.members.has("member-bob"), "who wrote a message is referred to");
  }
});

test("strangers are those who are referred to and not known", () => {
  const store = storeWith(message({ seq: 1, reactions: [{ emoji: "x", members: ["member-gus"] }] }));
  store.putConversation(conversation({ id: "direct", kind: "direct", people: [ME, "member-dora"] }));
  store.putMember(me());
  assert.deepEqual([...store.strangers()].sort(), ["member-bob", "member-dora", "member-gus"]);
});

function permutations(items) {
  if (items.length < 2) return [items];
  return items.flatMap((item, index) => permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]));
}

test("what retention takes away is forgotten and does not come back", () => {
  const store = storeWith(...[1, 2, 3].map((seq) => message({ seq })));
  store.putConversation(conversation({ version: 2, last_seq: 3, first_seq: 3 }));
  assert.deepEqual(
    [...store.messages.values()].map(({ seq }) => seq),
    [3],
  );
  assert.equal(store.unread("general"), 1);
  store.putMessage(message({ seq: 2, version: 9 }));
  assert.equal(store.at("general", 2), undefined);
});

test("one's own reports and sanctions are kept by version, until a full sync says otherwise", () => {
  const store = storeWith();
  const seen = [];
  store.observe(({ reports, sanctions }) => seen.push([...reports, ...sanctions]));
  store.apply(event("report.updated", { id: "r", version: 2, state: "resolved" }));
  store.apply(event("report.created", { id: "r", version: 1, state: "open" }));
  store.apply(event("sanction.created", { id: "s", version: 1 }));
  assert.equal(store.entities.reports.get("r")?.state, "resolved");
  store.take([answer({ full: true })]);
  assert.deepEqual([store.entities.reports.size, store.entities.sanctions.size], [0, 0]);
  assert.deepEqual(seen, [["r"], ["s"], ["r", "s"]]);
});

test("marked unread, a conversation counts from there until it is read again", () => {
  const store = new Store(ME);
  store.putConversation(conversation({ last_seq: 9 }));
  store.putParticipant(participant({ read_seq: 9 }));
  assert.equal(store.unread("general"), 0);
  store.putParticipant(participant({ read_seq: 9, unread_from: 7, version: 2 }));
  assert.equal(store.unread("general"), 3);
  assert.equal(store.readUpTo("general"), 6);
  store.moveRead("general", 9);
  assert.equal(store.unread("general"), 0);
});

test("what lies below the first message that is left is not unread", () => {
  const store = new Store(ME);
  store.putConversation(conversation({ first_seq: 8, last_seq: 9 }));
  store.putParticipant(participant({ read_seq: 2 }));
  assert.equal(store.unread("general"), 2);
});

test("the empty head of a thread that goes on is kept beside the history", () => {
  const store = storeWith(message({ seq: 48 }), message({ seq: 49 }));
  store.putConversation(conversation({ version: 2, first_seq: 49, last_seq: 49 }));
  const head = message({ seq: 48, text: "", expired: true });
  store.putMessage(head);
  store.putMessage(message({ seq: 47 }));
  assert.deepEqual(
    store.between("general", 1, 99).map(({ seq }) => seq),
    [49],
  );
  assert.equal(store.messages.get(head.id), undefined);
  assert.deepEqual(store.heads.get(head.id), head);
  store.removeConversation("general");
  assert.equal(store.heads.size, 0);
});
