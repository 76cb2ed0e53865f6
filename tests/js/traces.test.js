/** The traces of tests/sync/traces/, recorded from the real server, end in the browser's store as they do in Python's. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Mailbox } from "../../static/js/client/mailbox.js";
import { Store } from "../../static/js/client/store.js";

const FOLDER = new URL("../sync/traces/", import.meta.url);
const traces = readdirSync(FOLDER).map((name) => [name, JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"))]);

const twice = (frame) => (frame.op === "events" ? [frame, frame] : [frame]);
const oneByOne = (frame) =>
  frame.op === "events" ? frame.events.map((event, index) => ({ ...frame, tag: frame.tag + index, events: [event] })) : [frame];

/** @param {any} trace @param {(frame: any) => any[]} [bend] what arrives instead of a frame */
function replay({ me, tag, steps }, bend = (frame) => [frame]) {
  const mailbox = new Mailbox(new Store(me));
  mailbox.register(tag);
  const rest = [...steps];
  const receive = (frame) => bend(frame).forEach((one) => mailbox.receive(one));
  while (rest.length) {
    const step = rest.shift();
    if (step.frame) {
      receive(step.frame);
      continue;
    }
    assert.equal(mailbox.wantsSync, !step.poll, "it asks exactly where it has to");
    const sync = mailbox.beginSync();
    assert.equal(sync.cursor, step.sync.cursor);
    while (rest[0]?.during) receive(rest.shift().frame);
    const more = step.sync.answers.map((answer) => mailbox.takeAnswer(sync, answer));
    assert.deepEqual(more, [...more.slice(1).map(() => true), false]);
  }
  return mailbox;
}

function endOf({ store, tag, cursor }) {
  const own = [...store.conversations.values()].filter(({ id }) => store.ownParticipant(id));
  return {
    tag,
    cursor,
    organization: store.organization,
    members: [...store.members.values()].sort(by("id")),
    conversations: own.sort(by("id")).map((conversation) => {
      const { id, last_seq } = conversation;
      const from = store.stretch(id, last_seq)?.from ?? last_seq + 1;
      return {
        conversation,
        whole_from: from,
        participants_known: store.knowsParticipants(id),
        participants: [...store.participants.get(id).values()].sort(by("member")),
        messages: store.between(id, from, last_seq),
      };
    }),
  };
}

const by = (field) => (one, other) => (one[field] < other[field] ? -1 : 1);

test("there are traces", () => assert.ok(traces.length >= 6));

for (const [name, trace] of traces) {
  test(`${name}: ${trace.about}`, () => assert.deepEqual(endOf(replay(trace)), trace.end));
  test(`${name}, every frame twice`, () => assert.deepEqual(endOf(replay(trace, twice)), trace.end));
  test(`${name}, every event in a frame of its own`, () => assert.deepEqual(endOf(replay(trace, oneByOne)), trace.end));
}
