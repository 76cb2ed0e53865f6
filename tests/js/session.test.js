/** @import {Api} from "../../static/js/client/api.js" */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Session } from "../../static/js/client/session.js";
import { MemoryStorage, settle } from "./support.js";

/** Web Locks of one browser: `held` by name, until the holder lets go. */
function fakeLocks() {
  const held = new Set();
  const request = async (name, { ifAvailable }, hold) => {
    assert.ok(ifAvailable);
    if (held.has(name)) return hold(null);
    held.add(name);
    try {
      return await hold({ name });
    } finally {
      held.delete(name);
    }
  };
  return { held, request };
}

let clients = 0;

/**
 * @param {object} [options]
 * @param {MemoryStorage} [options.storage]
 * @param {ReturnType<typeof fakeLocks>} [options.locks]
 * @param {(url: string, body: URLSearchParams) => boolean} [options.beacon]
 */
function sessionWith({ storage = new MemoryStorage(), locks = fakeLocks(), beacon = () => true } = {}) {
  const posted = [];
  const api = {
    base: "/o/acme/api/v1/",
    csrfToken: () => "token",
    post: async (path, body) => {
      posted.push([path, body]);
      clients += 1;
      return { id: `client-${clients}`, tag: 5 };
    },
  };
  const session = new Session({
    api: /** @type {Api} */ (/** @type {unknown} */ (api)),
    storage,
    key: "parley:client:me",
    label: "Chrome",
    locks,
    beacon,
  });
  return { session, storage, locks, posted };
}

const copy = (storage) => new MemoryStorage(Object.fromEntries(storage.map));

test("a tab registers once, as a web client, however many ask at the same time", async () => {
  const { session, posted } = sessionWith();
  assert.equal(await session.restore(), null);
  const tags = await Promise.all([session.register(), session.register()]);
  assert.deepEqual(posted, [["clients", { platform: "web", label: "Chrome" }]]);
  assert.deepEqual(tags, [5, null], "only one of them registers a new client");
  assert.equal(await session.register(), null);
});

test("the next page of the tab goes on as the same client, after the tag that was applied", async () => {
  const first = sessionWith();
  await first.session.register();
  first.session.keep(17);
  first.session.suspend();
  await settle();
  const second = sessionWith(first);
  assert.equal(await second.session.restore(), 17);
  assert.equal(second.session.id, first.session.id);
});

test("a duplicated tab is a client of its own, and the first one stays what it is", async () => {
  const first = sessionWith();
  await first.session.register();
  const duplicate = sessionWith({ storage: copy(first.storage), locks: first.locks });
  assert.equal(await duplicate.session.restore(), null);
  assert.equal(await duplicate.session.register(), 5);
  assert.notEqual(duplicate.session.id, first.session.id);
});

test("without Web Locks the copy is found out by the server: replaced, one is a new client", async () => {
  const first = sessionWith({ locks: undefined });
  first.session.locks = undefined;
  await first.session.register();
  const duplicate = sessionWith({ storage: copy(first.storage) });
  duplicate.session.locks = undefined;
  await duplicate.session.restore();
  assert.equal(duplicate.session.id, first.session.id);
  first.session.forget();
  await first.session.register();
  assert.notEqual(duplicate.session.id, first.session.id);
});

test("closed, it says so once and leaves nothing behind; put away, it says nothing", async () => {
  const beacons = [];
  const { session, storage, locks } = sessionWith({ beacon: (url, body) => beacons.push([url, String(body)]) > 0 });
  session.close();
  await session.register();
  const { id } = session;
  session.suspend();
  assert.deepEqual(beacons, []);
  session.close();
  session.close();
  assert.deepEqual(beacons, [[`/o/acme/api/v1/clients/${id}/close`, "csrfmiddlewaretoken=token"]]);
  assert.equal(storage.length, 0);
  await settle();
  assert.equal(locks.held.size, 0);
});

test("out of the cache it is the same client, unless another page of the tab has become it", async () => {
  const { session, storage, locks } = sessionWith();
  await session.register();
  const { id } = session;
  session.suspend();
  await settle();
  await session.resume();
  assert.equal(session.id, id);
  session.suspend();
  await settle();
  const other = sessionWith({ storage, locks });
  await other.session.restore();
  await session.resume();
  assert.equal(session.id, null);
  assert.equal(other.session.id, id);
});

test("what lies in the storage may be anything", async () => {
  for (const found of ["{", "7", '{"id":1,"tag":2}', '{"id":"x","tag":"2"}', "null"]) {
    const { session } = sessionWith({ storage: new MemoryStorage({ "parley:client:me": found }) });
    assert.equal(await session.restore(), null, found);
  }
});

test("storage that refuses costs a registration at the next reload, nothing else", async () => {
  const storage = new MemoryStorage();
  storage.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  const { session } = sessionWith({ storage });
  assert.equal(await session.register(), 5);
  assert.ok(session.id);
});
