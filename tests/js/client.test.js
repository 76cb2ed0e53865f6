import assert from "node:assert/strict";
import { test } from "node:test";
import {
  deleteMessage,
  leaveConversation,
  saveEdit,
  toggleReaction,
  unpinMessage,
  updateConversation,
} from "../../static/js/client/actions.js";

import { Client } from "../../static/js/client/client.js";
import {
  answer,
  conversation,
  created,
  event,
  everything,
  FakeClock,
  fakeSockets,
  ME,
  MemoryStorage,
  me,
  member,
  message,
  participant,
  problem,
  response,
  settle,
  synced,
} from "./support.js";

const BASE = "/o/acme/api/v1/";

/**
 * A tab, and a server of one organization in a few lines: routes by method and path. `sync` is what it answers in turn;
 * then nothing has changed.
 *
 * @param {object} [options]
 * @param {Record<string, (request: any) => any>} [options.routes]
 * @param {import("../../static/js/client/types.js").SyncAnswer[]} [options.sync]
 * @param {FakeClock} [options.clock]
 * @param {MemoryStorage} [options.storage]
 * @param {MemoryStorage} [options.tabStorage]
 * @param {(url: string, body: URLSearchParams) => boolean} [options.beacon]
 * @param {import("../../static/js/client/session.js").Locks} [options.locks]
 * @param {() => boolean} [options.isOnline]
 */
function tabWith({ routes = {}, sync = [everything([1, 2])], ...options } = {}) {
  const clock = options.clock ?? new FakeClock();
  const requests = [];
  /** @type {unknown[]} */
  const answers = [...sync];
  const { sockets, open, last } = fakeSockets();
  /** @type {Record<string, (request: any) => any>} */
  const all = {
    "GET sync": () => answers.shift() ?? answer(),
    "POST clients": () => ({ id: "client-1", tag: 0 }),
    ...routes,
  };
  const fetch = async (/** @type {any} */ url, /** @type {any} */ { method, body }) => {
    const path = url.replace(BASE, "");
    requests.push(`${method} ${path}`);
    const found = all[`${method} ${path.split("?")[0]}`];
    if (!found) return problem(404);
    const json = await found({ query: new URLSearchParams(path.split("?")[1]), body: body && JSON.parse(body) });
    if (json instanceof Response) return json;
    return response(json, json === null ? 204 : 200);
  };
  const client = new Client({
    base: BASE,
    me: ME,
    csrfToken: () => "token",
    storage: options.storage ?? new MemoryStorage(),
    tabStorage: options.tabStorage ?? new MemoryStorage(),
    beacon: options.beacon,
    locks: options.locks,
    isOnline: options.isOnline,
    open,
    clock,
    fetch,
  });
  const statuses = [];
  client.stream.observe((status) => statuses.push(status));
  return {
    client,
    clock,
    requests,
    answers,
    sockets,
    last,
    statuses,
    all,
    count: (what) => requests.filter((one) => one.startsWith(what)).length,
  };
}

/** A tab that is live. @param {Parameters<typeof tabWith>[0]} [options] */
async function liveTab(options) {
  const tab = tabWith(options);
  await tab.client.start();
  await settle();
  tab.last().hello();
  await settle();
  assert.equal(tab.client.stream.status, "live");
  return tab;
}

/** The server's answer to a question for people: Dora is one, nobody else is. */
const dora = ({ query }) => ({
  results: query.get("ids").includes("member-dora") ? [member({ id: "member-dora", name: "Dora" })] : [],
  next: null,
});

const refused = (status) => () => problem(status);

test("starting: first the state, then a client, its socket, and what happened in between", async () => {
  const { client, requests, sockets, last } = await liveTab({
    sync: [everything([1, 2, 3], { participants: [participant({ read_seq: 1 })] })],
  });
  assert.deepEqual(requests.slice(0, 3), ["GET sync", "POST clients", "GET sync?cursor=c1"]);
  assert.equal(last().address, "client=client-1&tag=0");
  assert.equal(sockets.length, 1);
  assert.equal(client.store.unread("general"), 2);
  assert.equal(client.store.members.get("member-bob")?.name, "Bob");
});

test("a state that cannot be brought is an error; starting again brings it", async () => {
  let up = false;
  const { client, all, sockets } = tabWith();
  const { "GET sync": given } = all;
  all["GET sync"] = () => (up ? given({}) : new Response("", { status: 503 }));
  await assert.rejects(client.start(), { status: 503 });
  assert.equal(sockets.length, 0);
  up = true;
  await client.start();
  assert.equal(client.store.conversations.size, 1);
});

test("events are applied, and acked together a second later", async () => {
  const { client, clock, last } = await liveTab();
  last().say({ op: "events", tag: 1, events: created(3, 4) });
  last().say({ op: "events", tag: 3, events: created(5) });
  assert.equal(client.store.conversations.get("general")?.last_seq, 5);
  await clock.advance(999);
  assert.deepEqual(last().ops("ack"), []);
  await clock.advance(1);
  assert.deepEqual(last().ops("ack"), [{ op: "ack", tag: 3 }]);
});

test("thirty-two events are acked at once, and so is what a small window holds", async () => {
  const { last } = await liveTab();
  last().say({ op: "events", tag: 1, events: Array.from({ length: 32 }, (_, index) => created(index + 3)[0]) });
  assert.deepEqual(last().ops("ack"), [{ op: "ack", tag: 32 }]);
  const small = await liveTab();
  small.last().hello(0, { window: 4 });
  small.last().say({ op: "events", tag: 1, events: created(3, 4) });
  assert.deepEqual(small.last().ops("ack"), [{ op: "ack", tag: 2 }]);
});

test("a gap is resynced: what arrives meanwhile is kept and applied after it, and the tag goes on", async () => {
  const { client, clock, last, answers, statuses } = await liveTab();
  let release;
  answers.push(new Promise((resolve) => (release = resolve)));
  last().say({ op: "events", tag: 3, events: created(5) });
  assert.equal(client.stream.status, "resyncing");
  await settle();
  last().say({ op: "events", tag: 4, events: created(6) });
  assert.equal(client.store.at("general", 5), undefined, "not shown before the state is whole");
  release(answer({ cursor: "c2", conversations: [synced({ last_seq: 5 })], messages: [3, 4, 5].map((seq) => message({ seq })) }));
  await settle();
  assert.equal(client.stream.status, "live");
  assert.deepEqual(
    client.store.between("general", 1, 9).map(({ seq }) => seq),
    [1, 2, 3, 4, 5, 6],
  );
  await clock.advance(1_000);
  assert.deepEqual(last().ops("ack"), [{ op: "ack", tag: 4 }]);
  assert.deepEqual(statuses.slice(-2), ["resyncing", "live"]);
});

test("a heartbeat shows a lost tail, and so does a signal", async () => {
  for (const frame of [
    { op: "heartbeat", tag: 2 },
    { op: "signal", tag: 2, signal: { type: "presence", member: "member-bob", state: "online" } },
  ]) {
    const { client, last, count } = await liveTab();
    const before = count("GET sync");
    last().say(frame);
    await settle();
    assert.equal(count("GET sync"), before + 1);
    assert.equal(client.stream.mailbox.tag, 2);
  }
});

test("the socket goes and comes back: nothing is asked for, and the tag says where to go on", async () => {
  const { clock, last, count, sockets, client } = await liveTab();
  last().say({ op: "events", tag: 1, events: created(3) });
  const before = count("GET");
  last().die();
  assert.equal(client.stream.status, "connecting");
  await clock.advance(250);
  assert.equal(last().address, "client=client-1&tag=1");
  last().hello(1);
  assert.equal(client.stream.status, "live");
  await clock.advance(20_000);
  assert.equal(count("GET"), before);
  assert.equal(sockets.length, 2);
});

test("the hello reports an emptied mailbox: sync, then continue from there", async () => {
  const { clock, last, count, client } = await liveTab();
  last().die();
  await clock.advance(250);
  const before = count("GET sync");
  last().hello(70, { outcome: "resync" });
  await settle();
  assert.equal(count("GET sync"), before + 1);
  assert.equal(client.stream.mailbox.tag, 70);
  last().say({ op: "events", tag: 71, events: created(3) });
  assert.equal(client.store.at("general", 3)?.seq, 3);
});

test("a client that the server does not know any more is registered again, and catches up", async () => {
  const { clock, last, count } = await liveTab();
  last().die(4404);
  await clock.advance(1_000);
  assert.equal(count("POST clients"), 2);
  const syncs = count("GET sync");
  last().hello();
  await settle();
  assert.equal(count("GET sync"), syncs, "asked for right after registering, not again");
});

test("signed out it says so, and goes on when the session is good again", async () => {
  const { client, clock, last, all, sockets } = await liveTab();
  const { "GET sync": given } = all;
  all["GET sync"] = refused(401);
  last().die(4401);
  assert.equal(client.stream.status, "signed-out");
  await clock.advance(60_000);
  assert.equal(sockets.length, 1);
  all["GET sync"] = given;
  while (sockets.length === 1) await clock.advance(100);
  last().hello();
  assert.equal(client.stream.status, "live");
});

test("no longer a member: it says so and leaves the server in peace", async () => {
  const { client, clock, last, requests } = await liveTab();
  last().die(4403);
  assert.equal(client.stream.status, "gone");
  const before = requests.length;
  await clock.advance(600_000);
  assert.equal(requests.length, before);
});

test("without sockets everything comes by polling, every five to thirty seconds", async () => {
  const { client, clock, answers, last, count, sockets } = tabWith();
  await client.start();
  await settle();
  last().die();
  const before = count("GET sync");
  answers.push(answer({ cursor: "c2", conversations: [synced({ last_seq: 3 })], messages: [message({ seq: 3 })] }));
  for (let second = 0; second < 60; second += 1) {
    await clock.advance(1_000);
    if (!sockets.at(-1)?.closed) last().die();
  }
  assert.equal(client.store.at("general", 3)?.seq, 3);
  assert.equal(client.stream.status, "polling");
  assert.equal(count("GET sync") - before, 8, "seven and a half seconds, because chance is a half");
  await clock.advance(30_000);
  last().hello();
  assert.equal(client.stream.status, "live", "it came back to the socket by itself");
});

test("being offline is distinguished from a server that can be reached", async () => {
  const { client, clock, all, last } = await liveTab();
  const { "GET sync": given } = all;
  all["GET sync"] = () => {
    throw new TypeError("network");
  };
  last().die();
  await clock.advance(20_000);
  assert.equal(client.stream.status, "offline");
  all["GET sync"] = given;
  client.wake();
  await settle();
  assert.equal(client.stream.status, "polling");
});

for (const sign of ["a sync", "a sent message"]) {
  test(`${sign} that is answered again is a reason to connect at once`, async () => {
    const { client, clock, all, last, sockets } = await liveTab();
    const { "GET sync": given } = all;
    all["GET sync"] = refused(503);
    last().die();
    for (let second = 0; second < 100; second += 1) {
      await clock.advance(1_000);
      if (!last().closed) last().die();
    }
    assert.equal(client.stream.status, "offline");
    const before = sockets.length;
    all["GET sync"] = given;
    all["POST conversations/general/messages"] = ({ body }) => message({ seq: 3, ref: body.ref });
    if (sign === "a sync") client.stream.resync.poke();
    else client.outbox.add("general", "There again?");
    await settle();
    assert.equal(sockets.length, before + 1);
    last().hello();
    assert.equal(client.stream.status, "live");
  });
}

test("polling names the answer it has, so that the same one is not sent again; a resync does not", async () => {
  const asked = [];
  const { client, clock, all, last } = tabWith();
  const { fetch } = client.api;
  client.api.fetch = (url, options) => {
    if (url.includes("sync")) asked.push([new URL(url, "http://server").searchParams.get("cursor"), options.headers["If-None-Match"]]);
    return fetch(url, options);
  };
  let answers = 0;
  all["GET sync"] = () => {
    answers += 1;
    if (answers > 3) return new Response(null, { status: 304 });
    return new Response(JSON.stringify(answers === 1 ? everything([1]) : answer({ cursor: `c${answers}` })), {
      headers: { ETag: `"e${answers}"` },
    });
  };
  await client.start();
  await settle();
  await clock.advance(7_500 * 3);
  assert.deepEqual(asked.slice(0, 5), [
    [null, undefined],
    ["c1", undefined],
    ["c2", '"e2"'],
    ["c3", '"e3"'],
    ["c3", '"e3"'],
  ]);
  assert.equal(client.stream.mailbox.state, "live");
  last().hello();
  assert.equal(client.stream.status, "live");
});

test("sending shows at once, goes over the socket with its ref, and becomes the message", async () => {
  const { client, last } = await liveTab();
  const entry = client.outbox.add("general", "hello");
  assert.equal(client.outbox.entries("general").length, 1);
  await settle();
  assert.deepEqual(last().ops("message.send"), [{ op: "message.send", conversation: "general", ref: entry.ref, text: "hello" }]);
  last().say({ op: "result", ref: entry.ref, message: message({ seq: 3, author: ME, ref: entry.ref, text: "hello" }) });
  await settle();
  assert.equal(client.outbox.size, 0);
  assert.equal(client.store.at("general", 3)?.text, "hello");
  assert.equal(client.store.unread("general"), 2, "nobody has looked at the two messages above");
});

test("a connection that dies with the send: the same ref goes again, and there is one message", async () => {
  const posted = [];
  const { client, clock, last } = await liveTab({
    routes: {
      "POST conversations/general/messages": ({ body }) => {
        posted.push(body);
        return message({ seq: 3, author: ME, ref: body.ref, text: body.text });
      },
    },
  });
  const entry = client.outbox.add("general", "hello");
  await settle();
  last().die();
  await clock.advance(250);
  assert.deepEqual(posted, [{ ref: entry.ref, text: "hello" }], "posted while there was no socket");
  assert.equal(client.outbox.size, 0);
  last().hello(0);
  last().say({ op: "events", tag: 1, events: [event("message.created", message({ seq: 3, author: ME, ref: entry.ref, text: "hello" }))] });
  assert.deepEqual(
    client.store.between("general", 1, 9).map(({ seq }) => seq),
    [1, 2, 3],
  );
});

test("a very long message is posted: no frame meets the server's bound", async () => {
  let posted = 0;
  const { client, last } = await liveTab({
    routes: {
      "POST conversations/general/messages": ({ body }) => {
        posted += 1;
        return message({ seq: 3, author: ME, ref: body.ref });
      },
    },
  });
  client.outbox.add("general", "x".repeat(10_001));
  await settle();
  assert.equal(posted, 1);
  assert.deepEqual(last().ops("message.send"), []);
});

test("read positions are collected, sent once in two seconds, and sent later when the server does not answer", async () => {
  const { client, clock, last } = await liveTab({ sync: [everything([1, 2, 3, 4, 5, 6, 7, 8, 9])] });
  const positions = () =>
    last()
      .ops("conversation.read")
      .map((frame) => frame.seq);
  const confirm = () => {
    const { ref, seq } = last().ops("conversation.read").at(-1);
    last().say({ op: "result", ref, participant: participant({ read_seq: seq, read: [[0, seq]], version: 1 + seq }) });
  };
  for (const seq of [1, 2, 5, 4]) client.reads.mark("general", seq);
  assert.equal(client.store.unread("general"), 4);
  await clock.advance(400);
  assert.deepEqual(positions(), [5]);
  confirm();
  client.reads.mark("general", 6);
  await clock.advance(1_000);
  client.reads.mark("general", 7);
  assert.deepEqual(positions(), [5]);
  await clock.advance(1_000);
  assert.deepEqual(positions(), [5, 7]);
  last().die(); // unanswered
  await clock.advance(250);
  last().hello();
  await settle();
  assert.deepEqual(positions(), [7], "sent again on the next socket");
});

test("a read position that is not sent yet is sent with a message, also with one that waits for the connection", async () => {
  const storage = new MemoryStorage();
  const sync = [everything([1, 2, 3, 4, 5])];
  const { client, clock, last } = await liveTab({ sync, storage });
  client.outbox.add("general", "nothing was shown");
  await settle();
  assert.equal("read" in last().ops("message.send")[0], false);
  client.reads.mark("general", 3);
  const entry = client.outbox.add("general", "three were shown");
  assert.equal(entry.read, 3);
  await clock.advance(400);
  const { ref } = last().ops("conversation.read")[0];
  last().say({ op: "result", ref, participant: participant({ read_seq: 3, read: [[0, 3]], version: 2 }) });
  await settle();
  assert.equal(client.outbox.add("general", "the server knows").read, null);
  last().die();
  client.reads.mark("general", 4);
  client.outbox.add("general", "written offline");
  const posted = [];
  const { client: reloaded } = tabWith({
    sync: [everything([1, 2, 3, 4, 5])],
    storage,
    routes: {
      "POST conversations/general/messages": ({ body }) => {
        posted.push(body);
        return message({ seq: 5 + posted.length, author: ME, ref: body.ref, text: body.text });
      },
    },
  });
  await reloaded.start();
  await settle();
  assert.deepEqual(
    posted.map(({ text, read }) => [text, read]),
    [
      ["nothing was shown", undefined],
      ["three were shown", 3],
      ["the server knows", undefined],
      ["written offline", 4],
    ],
  );
});

test("a read position counts as sent when the answer names its participant; anything else is not an answer", async () => {
  let answers = {};
  const sent = [];
  const routes = {
    "PUT conversations/general/read": ({ body }) => {
      sent.push(body);
      return answers;
    },
  };
  const { client, clock, last } = await liveTab({ sync: [everything([1, 2, 3])], routes });
  last().die();
  client.reads.mark("general", 2);
  await clock.advance(400);
  assert.equal(client.reads.unsent("general"), 2, "{} is what a proxy says");
  answers = participant({ read_seq: 2, read: [[0, 2]], version: 2 });
  await client.reads.flush();
  assert.equal(client.reads.unsent("general"), null);
  client.reads.markThread("general", "message-1", 3); // no reply of it is known
  await clock.advance(10_000);
  assert.deepEqual(sent.at(-1), { seq: 2 });
});

test("an unknown author is asked for once, and shown when known", async () => {
  const { client, last, count } = await liveTab({ routes: { "GET members": dora } });
  last().say({ op: "events", tag: 1, events: [3, 4].map((seq) => event("message.created", message({ seq, author: "member-dora" }))) });
  last().say({ op: "events", tag: 3, events: [event("message.created", message({ seq: 5, author: "member-nobody" }))] });
  await settle();
  assert.equal(client.store.members.get("member-dora")?.name, "Dora");
  last().say({ op: "events", tag: 4, events: [event("message.created", message({ seq: 6, author: "member-nobody" }))] });
  await settle();
  assert.equal(count("GET members?ids=member-dora"), 1);
  assert.equal(count("GET members?ids=member-nobody"), 1, "who is not for us to know is not asked for again and again");
});

test("people met in a search are asked for when unknown, and again when that failed", async () => {
  let up = true;
  const { client, count } = await liveTab({ routes: { "GET members": (asked) => (up ? dora(asked) : refused(403)()) } });
  await client.meet([ME, "member-bob"]);
  assert.equal(count("GET members"), 0, "they are known");
  up = false;
  await client.meet(["member-dora"]);
  assert.equal(client.store.members.has("member-dora"), false);
  up = true;
  await client.meet(["member-bob", "member-dora", "member-dora", "member-nobody"]);
  assert.equal(client.store.members.get("member-dora")?.name, "Dora");
  await client.meet(["member-dora", "member-nobody"]);
  assert.equal(count("GET members"), 2, "nobody is asked for twice");
  assert.equal(count("GET members?ids=member-dora%2Cmember-nobody"), 1);
});

test("many unknown people are asked for a hundred at a time, whatever the size of the organization", async () => {
  const asked = [];
  const answer = ({ query }) => {
    const ids = query.get("ids").split(",");
    asked.push(ids.length);
    return { results: ids.map((id) => member({ id })), next: null };
  };
  const participants = Array.from({ length: 250 }, (_, number) => participant({ member: `member-${number}` }));
  const { client } = await liveTab({
    routes: { "GET members": answer, "GET conversations/general/participants": () => ({ results: participants, next: null }) },
  });
  await client.loadParticipants("general");
  assert.deepEqual(asked, [100, 100, 50]);
  assert.equal(client.store.strangers().size, 0);
});

test("a channel looked at from outside is looked at again and again; entering it counts what was seen for nothing", async () => {
  const view = (participant) => ({ ...conversation({ id: "open", last_seq: 1 }), participant, participant_count: 7, unread_count: 0 });
  let text = "first";
  const { client, clock, last } = await liveTab({
    routes: {
      "GET conversations/open": () => view(null),
      "GET conversations/open/messages": () => ({
        results: [message({ seq: 1, conversation: "open", id: "o1", text, version: text.length })],
        next: null,
      }),
    },
  });
  await client.loadConversation("open");
  await client.pages.newest("open");
  assert.equal(client.participantCounts.get("open"), 7);
  client.focus = () => ({ conversation: "open", range: { from: 1, to: 1 }, thread: null });
  text = "edited since";
  await clock.advance(10_000);
  assert.equal(client.store.at("open", 1)?.text, "edited since");
  last().say({ op: "events", tag: 1, events: [event("participant.created", participant({ conversation: "open" }))] });
  assert.equal(client.store.at("open", 1), undefined);
});

test("a page that was asked for before its history was forgotten is asked for again", async () => {
  let release;
  let asked = 0;
  const { client, last, answers } = await liveTab({
    routes: {
      "GET conversations/general/messages": () => {
        asked += 1;
        const page = (version) => ({ results: [message({ seq: 1, version, text: `version ${version}` })], next: null });
        return asked === 1 ? new Promise((resolve) => (release = () => resolve(page(1)))) : page(2);
      },
    },
  });
  const page = client.pages.before("general", 2);
  answers.push(answer({ conversations: [synced({ last_seq: 200, history_gap: true })], messages: [message({ seq: 200 })] }));
  last().say({ op: "heartbeat", tag: 90 });
  await settle();
  release();
  await page;
  assert.equal(asked, 2);
  assert.equal(client.store.at("general", 1)?.text, "version 2", "the edit was among what was forgotten");
});

/** A tab in which everything older than message 200 is forgotten between a request's being made and its answer. */
async function overtaken({ routes, ask }) {
  let release;
  let first = true;
  const held = Object.fromEntries(
    Object.entries(routes).map(([path, make]) => [
      path,
      (request) => {
        const json = make(request);
        if (!first) return json;
        first = false;
        return new Promise((resolve) => (release = () => resolve(json)));
      },
    ]),
  );
  const tab = await liveTab({ routes: held });
  const asking = ask(tab.client);
  await settle();
  tab.answers.push(
    answer({
      full: true,
      members: [me(), member()],
      conversations: [synced({ last_seq: 200, history_gap: true, version: 9 })],
      participants: [participant()],
      messages: [message({ seq: 200 })],
    }),
  );
  tab.last().say({ op: "heartbeat", tag: 90 });
  await settle();
  release();
  await asking;
  return tab;
}

/** A route that returns an older state first. */
const ageing = (make) => {
  let version = 0;
  return ({ body = undefined } = {}) => make((version += 1), body);
};

for (const [what, method, ask] of [
  ["a message", "GET", (client) => client.loadMessage("message-1")],
  ["an edit", "PATCH", (client) => saveEdit(client, message({ seq: 1 }), "version 1")],
]) {
  test(`${what} that was asked for before its history was forgotten is asked for again`, async () => {
    const route = ageing((version) => message({ seq: 1, version, text: `version ${version}` }));
    const { client } = await overtaken({ ask, routes: { [`${method} messages/message-1`]: route, "GET messages/message-1": route } });
    assert.equal(client.store.at("general", 1)?.text, "version 2");
  });
}

test("a sent message whose answer was overtaken is shown as it is now, before its entry goes", async () => {
  let atTheEnd;
  const route = ageing((version, body) => message({ seq: 1, version, author: ME, ref: body?.ref ?? null }));
  const { client } = await overtaken({
    routes: { "POST conversations/general/messages": route, "GET messages/message-1": route },
    ask: (client) => {
      client.outbox.add("general", "x".repeat(20_000));
      return new Promise((/** @type {(done?: undefined) => void} */ resolve) =>
        client.outbox.observe(() => {
          if (client.outbox.size) return;
          atTheEnd = client.store.at("general", 1);
          resolve();
        }),
      );
    },
  });
  assert.equal(atTheEnd.version, 2, "it would flicker");
  assert.equal(client.outbox.size, 0);
});

test("a view of a conversation that was overtaken is asked for again, and what is gone by then does not return", async () => {
  const view = (version) => ({
    ...conversation({ version: version === 1 ? 1 : 10, name: `version ${version}` }),
    participant: null,
    participant_count: 1,
    unread_count: 0,
  });
  const route = ageing(view);
  const { client } = await overtaken({
    routes: { "PATCH conversations/general": route, "GET conversations/general": route },
    ask: (client) => updateConversation(client, "general", { name: "version 1" }),
  });
  assert.equal(client.store.conversations.get("general")?.name, "version 2");

  const { client: other } = await overtaken({
    routes: {
      "POST conversations/secret/join": () => ({ ...view(1), id: "secret", participant: participant({ conversation: "secret" }) }),
    },
    ask: (client) => assert.rejects(client.join("secret"), { status: 404 }),
  });
  assert.equal(other.store.conversations.has("secret"), false);
});

test("people who were asked for before people were forgotten are asked for again", async () => {
  const route = ageing((version) => member({ id: "member-dora", version, name: `version ${version}` }));
  const { client } = await overtaken({
    routes: { "GET members": () => ({ results: [route()], next: null }) },
    ask: (client) => client.findMembers("dora"),
  });
  assert.equal(client.store.members.get("member-dora")?.name, "version 2");

  const again = ageing((version) => member({ id: "member-eve", version, name: `version ${version}` }));
  const { client: other, last } = await overtaken({
    routes: { "GET members": () => ({ results: [again()], next: null }) },
    ask: async (client) => client.store.putMessage(message({ seq: 3, author: "member-eve" })),
  });
  assert.equal(other.store.members.has("member-eve"), false, "nothing refers to them any more");
  last().say({ op: "events", tag: 91, events: [event("message.created", message({ seq: 201, author: "member-eve" }))] });
  await settle();
  assert.equal(other.store.members.get("member-eve")?.name, "version 2");
});

test("paging remembers where a history begins and shares a request under way", async () => {
  let answered = 0;
  const { client } = await liveTab({
    sync: [everything([], { conversations: [synced({ last_seq: 60, history_gap: true })] })],
    routes: {
      "GET conversations/general/messages": ({ query }) => {
        answered += 1;
        const before = Number(query.get("before") ?? 61);
        const results = [];
        for (let seq = Math.max(1, before - 50); seq < before; seq += 1) results.push(message({ seq }));
        return { results, next: null };
      },
    },
  });
  await Promise.all([client.pages.newest("general"), client.pages.newest("general")]);
  assert.equal(answered, 1);
  assert.equal(client.pages.isStart("general", 11), false);
  await client.pages.before("general", 11);
  assert.equal(client.pages.isStart("general", 1), true);
  assert.deepEqual(client.store.stretch("general", 60), { from: 1, to: 60 });
});

test("typing is said once in two and a half seconds, heard for six, and over with the message", async () => {
  const { client, clock, last } = await liveTab({ routes: { "GET members": dora } });
  client.focus = () => ({ conversation: "general", range: { from: 1, to: 1 }, thread: null });
  client.signals.type("general");
  client.signals.type("general");
  assert.equal(last().ops("typing").length, 1);
  await clock.advance(2_500);
  client.signals.type("general");
  assert.equal(last().ops("typing").length, 2);
  const typing = { op: "signal", tag: 0, signal: { type: "typing", conversation: "general", member: "member-bob" } };
  last().say(typing);
  assert.deepEqual(client.signals.typists("general"), ["member-bob"]);
  last().say({ op: "events", tag: 1, events: created(3) });
  assert.deepEqual(client.signals.typists("general"), []);
  last().say({ ...typing, tag: 1 });
  await clock.advance(6_000);
  assert.deepEqual(client.signals.typists("general"), []);
  last().say({ op: "signal", tag: 1, signal: { ...typing.signal, member: "member-dora" } });
  await settle();
  assert.equal(client.store.members.get("member-dora")?.name, "Dora", "who was not known is asked for");
});

test("presence comes with the state and changes by signals", async () => {
  const { client, last } = await liveTab({ sync: [everything([1], { presence: [{ member: "member-bob", state: "online" }] })] });
  const heard = [];
  client.signals.observe(() => heard.push(client.signals.presence.get("member-bob")));
  last().say({ op: "signal", tag: 0, signal: { type: "presence", member: "member-bob", state: "away" } });
  last().say({ op: "signal", tag: 0, signal: { type: "presence", member: "member-bob", state: "offline" } });
  assert.deepEqual(heard, ["away", undefined]);
});

test("who came and went while there was no socket is asked for, once and not by everybody at the same time", async () => {
  const { client, clock, last, count } = await liveTab({
    routes: { "GET presence": () => ({ results: [{ member: "member-bob", state: "online" }], next: null }) },
  });
  const heartbeats = async (seconds) => {
    for (let second = 0; second < seconds; second += 20) {
      await clock.advance(20_000);
      last().say({ op: "heartbeat", tag: 0 });
    }
  };
  await heartbeats(120);
  assert.equal(count("GET presence"), 0, "signals bring presence");
  last().die();
  await clock.advance(250);
  last().hello();
  assert.equal(count("GET presence"), 0);
  await heartbeats(180);
  assert.equal(count("GET presence"), 1);
  assert.equal(client.signals.presence.get("member-bob"), "online");
});

test("a page that is closed says so; the one that comes after a page in the cache is the same client", async () => {
  const tabStorage = new MemoryStorage();
  const beacons = [];
  const beacon = (url, body) => beacons.push([url, body.get("csrfmiddlewaretoken")]) > 0;
  const first = await liveTab({ tabStorage, beacon });
  first.last().say({ op: "events", tag: 1, events: created(3) });
  first.client.suspend(false);
  assert.ok(first.last().closed);
  const second = tabWith({ tabStorage, beacon });
  await second.client.start();
  assert.equal(second.count("POST clients"), 0);
  assert.equal(second.last().address, "client=client-1&tag=1");
  assert.deepEqual(beacons, []);
  second.client.suspend(true);
  assert.deepEqual(beacons, [["/o/acme/api/v1/clients/client-1/close", "token"]]);
  assert.equal(tabStorage.length, 0);
});

test("out of the back/forward cache it goes on where it was", async () => {
  const { client, last, count, clock } = await liveTab();
  client.suspend(false);
  const syncs = count("GET sync");
  await clock.advance(600_000);
  assert.equal(count("GET sync"), syncs, "a page that nobody sees asks for nothing");
  await client.resume();
  await settle();
  last().hello(0);
  last().say({ op: "events", tag: 1, events: created(3) });
  assert.equal(client.store.at("general", 3)?.seq, 3);
  assert.equal(count("POST clients"), 1);
});

test("drafts are kept by target, and observers are called only when one is added or removed", () => {
  const { client } = tabWith();
  const heard = [];
  client.drafts.observe((target) => heard.push(target));
  client.drafts.set("general", "a");
  client.drafts.set("general", "ab");
  client.drafts.set("general:thread", "x");
  client.drafts.set("general", "  ");
  assert.deepEqual(heard, ["general", "general:thread", "general"]);
  assert.equal(client.drafts.get("general"), "");
  assert.equal(client.drafts.get("general:thread"), "x");
});

const portal = () => new Response("{}", { status: 200, headers: { "Content-Type": "application/json" } });

test("a portal's answer to a message sends nothing: it stays, and goes out when the server answers", async () => {
  let stored = 0;
  let mine = false;
  const post = ({ body }) => {
    if (!mine) return portal();
    stored += 1;
    return message({ seq: 3, author: ME, ref: body.ref, text: body.text });
  };
  const { client, clock, all } = tabWith({ routes: { "POST conversations/general/messages": post } });
  await client.start();
  const { "GET sync": given } = all;
  all["GET sync"] = portal;
  client.outbox.add("general", "Do not lose this");
  await clock.advance(120_000);
  assert.deepEqual(
    client.outbox.entries("general").map(({ text, state }) => [text, state]),
    [["Do not lose this", "sending"]],
  );
  assert.equal(client.stream.status, "portal");
  assert.deepEqual(
    client.store.between("general", 1, 9).map(({ seq }) => seq),
    [1, 2],
    "what was shown stays",
  );
  mine = true;
  all["GET sync"] = given;
  await clock.advance(60_000);
  assert.equal(client.stream.status, "polling", "it returns by itself");
  assert.equal(client.outbox.size, 0);
  assert.equal(stored, 1);
});

for (const status of [401, 403, 404, 409, 410, 422]) {
  test(`a portal's ${status} fails no message, signs nobody out and forgets nothing`, async () => {
    const refuse = () => new Response(JSON.stringify({ error: "sign in" }), { status, headers: { "Content-Type": "application/json" } });
    const { client, clock, all, count } = tabWith({ routes: { "POST conversations/general/messages": refuse } });
    await client.start();
    all["GET sync"] = all["POST clients"] = refuse;
    client.outbox.add("general", "Do not lose this");
    await clock.advance(120_000);
    assert.equal(client.stream.status, "portal");
    assert.equal(client.outbox.entries("general")[0].state, "sending");
    assert.ok(client.store.conversations.has("general"));
    const before = count("GET sync");
    await clock.advance(120_000);
    assert.ok(count("GET sync") > before, "it is tried again");
  });
}

test("a socket's result that proves nothing, and an unknown code: the message is posted, under the same ref", async () => {
  for (const frame of [
    { op: "result" },
    { op: "result", message: message({ seq: 9, ref: "another" }) },
    { op: "error", code: "hotel", message: "Room?" },
  ]) {
    const posted = [];
    const post = ({ body }) => {
      posted.push(body.ref);
      return message({ seq: 3, author: ME, ref: body.ref, text: body.text });
    };
    const { client, last } = await liveTab({ routes: { "POST conversations/general/messages": post } });
    const entry = client.outbox.add("general", "hello");
    await settle();
    last().say({ ...frame, ref: entry.ref });
    await settle();
    assert.deepEqual(posted, [entry.ref]);
    assert.equal(client.outbox.size, 0);
    assert.equal(client.store.at("general", 9), undefined);
  }
});

test("the ref was used for another text: the message fails, and its words stay to be sent again", async () => {
  const { client, last } = await liveTab();
  const entry = client.outbox.add("general", "other words");
  await settle();
  last().say({ op: "error", ref: entry.ref, code: "conflict", message: "The ref belongs to another message." });
  await settle();
  const [failed] = client.outbox.entries("general");
  assert.deepEqual([failed.state, failed.text, failed.error], ["failed", "other words", "The ref belongs to another message."]);
  client.outbox.retry(failed.ref);
  await settle();
  const again = last().ops("message.send").at(-1);
  assert.equal(again.text, "other words");
  assert.notEqual(again.ref, entry.ref, "under its old ref it would be refused for ever");
});

const nothing = () => new Response(null, { status: 204 });

/** @type {[string, Record<string, () => Response>, (client: Client) => Promise<unknown>, object][]} */
const WITHOUT_CONTENT = [
  [
    "a deletion",
    { "DELETE messages/message-1": nothing },
    (client) => deleteMessage(client, message({ seq: 1 })),
    { deleted_at: "2026-03-01T09:00:00Z" },
  ],
  [
    "a reaction taken back",
    { "DELETE messages/message-1/reactions/%F0%9F%91%8D": nothing },
    (client) => toggleReaction(client, message({ seq: 1, reactions: [{ emoji: "👍", members: [ME] }] }), "👍"),
    { reactions: [] },
  ],
  ["an unpinning", { "DELETE messages/message-1/pin": nothing }, (client) => unpinMessage(client, "message-1"), { pinned_at: null }],
];

for (const [what, routes, work, proven] of WITHOUT_CONTENT) {
  test(`${what} is done when the message says so: an answer without content proves nothing`, async () => {
    let now = message({ seq: 1, version: 2, pinned_at: "2026-03-01T09:00:00Z", reactions: [{ emoji: "👍", members: [ME] }] });
    const { client } = await liveTab({ routes: { ...routes, "GET messages/message-1": () => now } });
    await assert.rejects(work(client), { status: 0, code: "unproven" });
    now = { ...now, version: 3, ...proven };
    await work(client);
    assert.equal(client.store.at("general", 1)?.version, 3);
  });
}

test("one leaves a conversation when the server says so; until then it stays", async () => {
  /** @type {ReturnType<typeof participant> | null} */
  let own = participant();
  const view = () => ({ ...conversation(), participant: own, participant_count: 1, unread_count: 0 });
  const { client, all } = await liveTab({ routes: { "POST conversations/general/leave": nothing, "GET conversations/general": view } });
  await assert.rejects(leaveConversation(client, "general"), { code: "unproven" });
  assert.ok(client.store.conversations.has("general"));
  own = null;
  await leaveConversation(client, "general");
  assert.equal(client.store.conversations.has("general"), false);
  assert.ok(all);
});

test("a private channel that one has left is not there any more", async () => {
  const { client } = await liveTab({ routes: { "POST conversations/general/leave": nothing } });
  await leaveConversation(client, "general");
  assert.equal(client.store.conversations.has("general"), false);
});
