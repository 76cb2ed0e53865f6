import assert from "node:assert/strict";
import { test } from "node:test";

import { Client } from "../../static/js/client/client.js";
import { FakeClock, ME, MemoryStorage, conversation, message, seat, settle } from "./support.js";

/** A server of one organization in a few lines: routes by method and path. */
function clientWith(routes) {
  const clock = new FakeClock();
  const requests = [];
  const fetch = async (url, { method, body }) => {
    const path = url.replace("/o/acme/api/v1/", "");
    requests.push(`${method} ${path}`);
    const found = Object.entries(routes).find(([route]) => path.split("?")[0] === route.split(" ")[1] && route.startsWith(method));
    if (!found) return new Response(JSON.stringify({ code: "not_found" }), { status: 404 });
    const json = found[1]({ query: new URLSearchParams(path.split("?")[1]), body: body && JSON.parse(body) });
    return json === null ? new Response(null, { status: 204 }) : new Response(JSON.stringify(json), { status: 200 });
  };
  const client = new Client({ base: "/o/acme/api/v1/", me: ME, csrfToken: () => "t", storage: new MemoryStorage(), clock, fetch });
  return { client, clock, requests };
}

const view = (fields, own = seat()) => ({ ...conversation(fields), participant: own, participant_count: 2, unread_count: 0 });

test("starting brings conversations with one's seat, and the people", async () => {
  const { client } = clientWith({
    "GET conversations": () => ({ results: [view({ last_seq: 3 }, seat({ read_seq: 1 }))], next: null }),
    "GET members": () => ({ results: [{ id: "member-bob", name: "Bob", version: 1 }], next: null }),
  });
  await client.start();
  client.poller.stop();
  assert.equal(client.store.unread("general"), 2);
  assert.equal(client.store.members.get("member-bob").name, "Bob");
  assert.equal(client.participantCounts.get("general"), 2);
});

test("a conversation that is no longer listed goes, one that is only looked at stays", async () => {
  let results = [view(), view({ id: "private", kind: "private" }, seat({ conversation: "private" }))];
  const { client } = clientWith({ "GET conversations": () => ({ results, next: null }) });
  await client.refreshConversations();
  client.putView(view({ id: "browsed" }, null));
  client.store.putMessage(message({ seq: 1, conversation: "private" }));
  results = [view()];
  await client.refreshConversations();
  assert.deepEqual([...client.store.conversations.keys()].sort(), ["browsed", "general"]);
  assert.equal(client.store.messages.size, 0);
});

test("sending shows at once, is posted with its ref, and becomes the message", async () => {
  const posted = [];
  const { client } = clientWith({
    "POST conversations/general/messages": ({ body }) => {
      posted.push(body);
      return message({ seq: 1, author: ME, ref: body.ref, text: body.text });
    },
  });
  client.putView(view());
  const entry = client.outbox.add("general", "hello");
  assert.equal(client.outbox.entries("general").length, 1);
  await settle();
  assert.deepEqual(posted, [{ ref: entry.ref, text: "hello" }]);
  assert.equal(client.outbox.size, 0);
  assert.equal(client.store.at("general", 1).text, "hello");
  assert.equal(client.store.unread("general"), 0);
});

test("refreshing the focus brings news, edits and the open thread", async () => {
  const asked = [];
  const { client } = clientWith({
    "GET conversations/general/messages": ({ query }) => {
      asked.push([query.get("after"), query.get("limit")]);
      return { results: [message({ seq: 5, version: 2, text: "edited" }), message({ seq: 6 })], next: null };
    },
    "GET messages/message-5/thread": () => ({ results: [message({ seq: 5, version: 2, text: "edited" }), message({ seq: 9, thread: "message-5" })], next: null }),
  });
  client.putView(view());
  client.store.putMessage(message({ seq: 5 }));
  client.focus = () => ({ conversation: "general", range: { from: 5, to: 5 }, thread: "message-5" });
  await client.refreshFocus();
  assert.deepEqual(asked, [["4", "51"]]);
  assert.equal(client.store.at("general", 5).text, "edited");
  assert.equal(client.store.at("general", 6).version, 1);
  assert.deepEqual(client.store.replies(client.store.at("general", 5)).map((one) => one.seq), [9]);
});

test("read positions are gathered, sent once, and sent later when the server is silent", async () => {
  const told = [];
  let silent = false;
  const { client, clock } = clientWith({
    "PUT conversations/general/read": ({ body }) => {
      if (silent) throw new TypeError("network");
      told.push(body.seq);
      return seat({ version: 2, read_seq: body.seq });
    },
  });
  client.putView(view({ last_seq: 9 }));
  for (const seq of [1, 2, 5, 4]) client.reads.mark("general", seq);
  assert.equal(client.store.unread("general"), 4);
  await clock.advance(400);
  assert.deepEqual(told, [5]);
  silent = true;
  client.reads.mark("general", 8);
  await clock.advance(60_000);
  assert.deepEqual(told, [5]);
  silent = false;
  await client.reads.flush();
  assert.deepEqual(told, [5, 8]);
});

test("paging remembers where a history begins and shares a request under way", async () => {
  let answers = 0;
  const { client, requests } = clientWith({
    "GET conversations/general/messages": ({ query }) => {
      answers += 1;
      const before = Number(query.get("before") ?? 61);
      const results = [];
      for (let seq = Math.max(1, before - 50); seq < before; seq += 1) results.push(message({ seq }));
      return { results, next: null };
    },
  });
  client.putView(view({ last_seq: 60 }));
  await Promise.all([client.pages.newest("general"), client.pages.newest("general")]);
  assert.equal(answers, 1);
  assert.equal(client.pages.isStart("general", 11), false);
  await client.pages.before("general", 11);
  assert.equal(client.pages.isStart("general", 1), true);
  assert.deepEqual(client.store.stretch("general", 60), { from: 1, to: 60 });
  assert.equal(requests.length, 2);
});

test("drafts are kept by place, and observers hear only when one appears or goes", () => {
  const { client } = clientWith({});
  const heard = [];
  client.drafts.observe((place) => heard.push(place));
  client.drafts.set("general", "a");
  client.drafts.set("general", "ab");
  client.drafts.set("general:thread", "x");
  client.drafts.set("general", "  ");
  assert.deepEqual(heard, ["general", "general:thread", "general"]);
  assert.equal(client.drafts.get("general"), "");
  assert.equal(client.drafts.get("general:thread"), "x");
});
