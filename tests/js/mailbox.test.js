import assert from "node:assert/strict";
import { test } from "node:test";

import { Mailbox } from "../../static/js/client/mailbox.js";
import { Store } from "../../static/js/client/store.js";
import { answer, created, everything, ME, message, synced } from "./support.js";

const hello = (tag, outcome = "resumed") => ({ op: "hello", tag, outcome });
const events = (tag, ...seqs) => ({ op: "events", tag, events: created(...seqs) });
const seqs = (mailbox) => mailbox.store.between("general", 1, 999).map(({ seq }) => seq);

/** One that has everything up to message 2, and heard the server's hello. */
function liveMailbox(tag = 0) {
  const mailbox = new Mailbox(new Store(ME));
  mailbox.register(tag);
  mailbox.receive(hello(tag));
  mailbox.takeAnswer(mailbox.beginSync(), everything([1, 2]));
  return mailbox;
}

test("before the first sync nothing is shown and nothing acked", () => {
  const mailbox = new Mailbox(new Store(ME));
  mailbox.register(0);
  mailbox.receive(hello(0));
  mailbox.receive(events(1, 1));
  assert.ok(mailbox.wantsSync);
  assert.equal(mailbox.ack, null);
  assert.deepEqual(seqs(mailbox), []);
  assert.equal(mailbox.takeAnswer(mailbox.beginSync(), everything([1])), false);
  assert.deepEqual([mailbox.state, mailbox.tag, mailbox.ack], ["live", 1, 1], "what had been sent when it asked is in the answer");
});

test("duplicates change nothing and are acked again; a part that is new is applied", () => {
  const mailbox = liveMailbox();
  mailbox.receive(events(1, 3, 4));
  assert.equal(mailbox.ack, 2);
  mailbox.acked(2);
  assert.equal(mailbox.ack, null);
  mailbox.receive(events(1, 3, 4));
  assert.equal(mailbox.ack, 2);
  mailbox.acked(2);
  mailbox.receive(events(2, 4, 5));
  assert.deepEqual([mailbox.tag, mailbox.ack, mailbox.unacked], [3, 3, 1]);
  assert.deepEqual(seqs(mailbox), [1, 2, 3, 4, 5]);
});

test("a gap resyncs; kept frames that have a gap among them resync once more", () => {
  const mailbox = liveMailbox();
  mailbox.receive(events(2, 4));
  assert.ok(mailbox.wantsSync);
  const sync = mailbox.beginSync();
  assert.deepEqual([sync.cursor, sync.covers], ["c1", 2]);
  mailbox.receive(events(3, 5));
  mailbox.receive(events(5, 7));
  assert.equal(
    mailbox.takeAnswer(
      sync,
      answer({ cursor: "c2", conversations: [synced({ last_seq: 4 })], messages: [3, 4].map((seq) => message({ seq })) }),
    ),
    false,
  );
  assert.deepEqual(seqs(mailbox), [1, 2, 3, 4, 5]);
  assert.ok(mailbox.wantsSync, "6 is missing");
  assert.equal(mailbox.beginSync().covers, 5);
});

test("a sync that was overtaken by a loss is worthless", () => {
  const mailbox = liveMailbox();
  mailbox.receive(events(2, 4));
  const sync = mailbox.beginSync();
  mailbox.receive({ op: "resync", tag: 9, reason: "overflow" });
  assert.equal(mailbox.takeAnswer(sync, answer({ more: true })), false);
  assert.equal(mailbox.state, "resyncing");
  assert.ok(mailbox.wantsSync);
  mailbox.takeAnswer(mailbox.beginSync(), answer());
  assert.deepEqual([mailbox.state, mailbox.tag, mailbox.ack], ["live", 9, 9]);
});

test("answers of several pages are applied together", () => {
  const mailbox = liveMailbox();
  mailbox.receive(events(2, 4));
  const sync = mailbox.beginSync();
  const heard = [];
  mailbox.store.observe((changes) => heard.push([...changes.messages]));
  assert.equal(mailbox.takeAnswer(sync, answer({ cursor: "p1", more: true, messages: [message({ seq: 3 })] })), true);
  assert.equal(sync.cursor, "p1");
  assert.deepEqual(heard, []);
  assert.equal(mailbox.takeAnswer(sync, answer({ cursor: "c2", messages: [message({ seq: 4 })] })), false);
  assert.deepEqual(heard, [["message-3", "message-4"]]);
});

test("an answer that did not come is asked for again; an answer without changes does not move the cursor", () => {
  const mailbox = liveMailbox();
  mailbox.abandon(mailbox.beginSync());
  assert.ok(mailbox.wantsSync);
  mailbox.finish(mailbox.beginSync());
  assert.deepEqual([mailbox.state, mailbox.cursor, mailbox.wantsSync], ["live", "c1", false]);
});

test("no ack goes beyond what this socket has sent", () => {
  const mailbox = liveMailbox();
  mailbox.receive(events(1, 3, 4, 5));
  mailbox.receive(events(7, 9));
  mailbox.receive(hello(3));
  mailbox.takeAnswer(mailbox.beginSync(), answer({ conversations: [synced({ last_seq: 9 })] }));
  assert.equal(mailbox.tag, 7);
  assert.equal(mailbox.ack, null, "this socket has sent nothing yet");
  mailbox.receive(events(4, 6, 7, 8, 9));
  assert.equal(mailbox.ack, 7);
});

test("ops of a later version are ignored", () => {
  const mailbox = liveMailbox();
  mailbox.receive({ op: "confetti", tag: 99 });
  mailbox.receive({ op: "events", tag: 1, events: [{ type: "poll.created", data: { id: "x" } }] });
  assert.deepEqual([mailbox.state, mailbox.tag], ["live", 1]);
});
