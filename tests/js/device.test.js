import assert from "node:assert/strict";
import { test } from "node:test";

import { beginLeaving, closable, countUnsaved, finishLeaving, hasLeft, setOwnDevice, stay } from "../../static/js/client/device.js";
import { Drafts } from "../../static/js/client/drafts.js";
import { MemoryStorage } from "./support.js";

const kept = () => ({
  "parley:draft:me:general": "half a",
  "parley:outbox:me:r1": "{}",
  "parley:edit:me:m1": "{}",
  "parley:sidebar:me": "{}",
  other: "not ours",
});

test("signing out removes everything that is kept, of a browser that is not marked as one's own", () => {
  const storage = new MemoryStorage(kept());
  const tab = new MemoryStorage({ "parley:client:me": "{}" });
  assert.equal(countUnsaved(storage), 3);
  beginLeaving(storage);
  finishLeaving(storage, tab);
  assert.deepEqual([...storage.map.keys()], ["other"]);
  assert.equal(tab.length, 0);
});

test("on one's own device everything stays", () => {
  const storage = new MemoryStorage(kept());
  setOwnDevice(storage, true);
  beginLeaving(storage);
  finishLeaving(storage);
  assert.equal(countUnsaved(storage), 3);
  setOwnDevice(storage, false);
  assert.equal(storage.length, Object.keys(kept()).length);
});

test("nothing is removed where nobody signed out, or where it failed", () => {
  const storage = new MemoryStorage(kept());
  finishLeaving(storage);
  beginLeaving(storage);
  stay(storage);
  finishLeaving(storage);
  assert.equal(countUnsaved(storage), 3);
});

test("another tab hears of the end, and writes no draft after it", () => {
  assert.ok(hasLeft({ key: "parley:leaving", newValue: "done" }));
  for (const newValue of ["yes", null]) assert.equal(hasLeft({ key: "parley:leaving", newValue }), false);
  const storage = new MemoryStorage();
  const page = closable(storage);
  const drafts = new Drafts({ storage: page, prefix: "parley:draft:me:" });
  drafts.set("general", "before");
  page.close();
  drafts.set("general", "after");
  drafts.set("direct", "after");
  assert.deepEqual(Object.fromEntries(storage.map), { "parley:draft:me:general": "before" });
});
