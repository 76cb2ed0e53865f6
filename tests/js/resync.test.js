import assert from "node:assert/strict";
import { test } from "node:test";

import { Api } from "../../static/js/client/api.js";
import { Mailbox } from "../../static/js/client/mailbox.js";
import { Resync } from "../../static/js/client/resync.js";
import { Store } from "../../static/js/client/store.js";
import { answer, everything, FakeClock, fakeFetch, ME, member, message, settle } from "./support.js";

function resyncWith(...answers) {
  const clock = new FakeClock();
  const fetch = fakeFetch(...answers);
  const api = new Api({ base: "/o/acme/api/v1/", csrfToken: () => "", fetch, clock });
  const mailbox = new Mailbox(new Store(ME));
  mailbox.register(0);
  let changes = 0;
  const resync = new Resync({ api, mailbox, clock, onChange: () => (changes += 1) });
  return { resync, mailbox, clock, asked: () => fetch.requests.map(({ url }) => new URL(url, "http://x").search), changes: () => changes };
}

test("asks page after page with the cursor of the one before", async () => {
  const { resync, mailbox, asked } = resyncWith(
    { json: everything([1], { cursor: "p1", more: true }) },
    { json: answer({ cursor: "p2", more: true, messages: [message({ seq: 2 })] }) },
    { json: answer({ cursor: "c1", messages: [message({ seq: 3 })] }) },
  );
  await resync.run();
  assert.deepEqual(asked(), ["", "?cursor=p1", "?cursor=p2"]);
  assert.deepEqual([mailbox.state, mailbox.cursor], ["live", "c1"]);
  assert.deepEqual(mailbox.store.stretch("general", 3), { from: 1, to: 3 });
});

test("one sync runs at a time: callers share it", async () => {
  const { resync, asked } = resyncWith({ json: everything([1]) });
  await Promise.all([resync.run(), resync.run(), resync.run()]);
  assert.equal(asked().length, 1);
});

test("failed, truncated and refused answers are asked for again, from the beginning of the sync", async () => {
  const { resync, mailbox, clock, asked } = resyncWith(
    new TypeError("network"),
    { status: 502 },
    { json: everything([1], { cursor: "p1", more: true }) },
    () => ({ status: 200, json: undefined }), // a body that ends in the middle
    { json: everything([1]) },
  );
  const done = resync.run();
  await clock.advance(60_000);
  await done;
  assert.deepEqual(asked(), ["", "", "", "?cursor=p1", ""]);
  assert.equal(mailbox.state, "live");
  assert.equal(resync.trouble, null);
});

test("pauses grow, and end when somebody looks", async () => {
  const { resync, clock, asked } = resyncWith(new TypeError("network"));
  void resync.run();
  await clock.advance(60_000);
  const before = asked().length;
  assert.ok(before < 9, `${before} attempts in a minute`);
  assert.equal(resync.trouble?.status, 0);
  resync.poke();
  await settle();
  assert.equal(asked().length, before + 1);
});

test("a cursor that the server refuses is given up, for a beginning from nothing", async () => {
  const { resync, mailbox, clock, asked } = resyncWith({ status: 422, json: { code: "invalid" } }, { json: everything([1]) });
  mailbox.cursor = "of another server";
  const done = resync.run();
  await clock.advance(1_000);
  await done;
  assert.deepEqual(asked(), ["?cursor=of+another+server", ""]);
});

test("no longer a member: nothing is asked again", async () => {
  for (const [status, code] of [
    [403, "forbidden"],
    [404, "not_found"],
  ]) {
    const { resync, clock, asked, changes } = resyncWith({ status, json: { code } });
    await resync.run();
    await clock.advance(60_000);
    assert.equal(asked().length, 1);
    assert.equal(changes(), 1);
    assert.equal(resync.trouble?.status, status);
  }
});

test("an answer for another member replaces nothing: the member has to sign in", async () => {
  const { resync, mailbox } = resyncWith({ json: everything([1], { me: member({ id: "member-eve" }) }) });
  await assert.rejects(resync.attempt(), { status: 401, code: "not_authenticated" });
  assert.equal(mailbox.store.conversations.size, 0);
  assert.equal(mailbox.state, "resyncing");
});
