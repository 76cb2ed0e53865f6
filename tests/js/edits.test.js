import assert from "node:assert/strict";
import { test } from "node:test";

import { Edits } from "../../static/js/client/edits.js";
import { MemoryStorage } from "./support.js";

const begun = (fields = {}) => ({ message: "m1", conversation: "general", seq: 5, text: "half a", base: "whole", ...fields });

test("a begun edit is kept by message, across reloads, until it is saved or cancelled", () => {
  const storage = new MemoryStorage();
  const edits = new Edits({ storage, prefix: "edit:me:" });
  const heard = [];
  edits.observe((message) => heard.push(message));
  edits.keep(begun());
  edits.keep(begun({ text: "half a sentence" }));
  edits.keep(begun({ message: "m2", conversation: "direct" }));
  assert.deepEqual(new Edits({ storage, prefix: "edit:me:" }).get("m1"), begun({ text: "half a sentence" }));
  assert.equal(new Edits({ storage, prefix: "edit:somebody:" }).get("m1"), undefined);
  edits.end("m1");
  assert.equal(edits.get("m1"), undefined);
  assert.equal(new Edits({ storage, prefix: "edit:me:" }).get("m1"), undefined);
  assert.deepEqual(heard, ["m1", "m2", "m1"]);
});

test("a conversation has begun edits, but none of messages that retention has taken", () => {
  const edits = new Edits({ storage: new MemoryStorage(), prefix: "edit:" });
  edits.keep(begun());
  assert.deepEqual([edits.has("general", 1), edits.has("general", 6), edits.has("direct", 1)], [true, false, false]);
});

test("another tab's edits are heard of, and its end", () => {
  const edits = new Edits({ storage: new MemoryStorage(), prefix: "edit:" });
  const heard = [];
  edits.observe((message) => heard.push(message));
  edits.hear("edit:m1", JSON.stringify(begun()));
  assert.equal(edits.get("m1")?.text, "half a");
  edits.hear("draft:general", "something else");
  edits.hear("edit:m1", "no JSON");
  assert.equal(edits.get("m1"), undefined);
  assert.deepEqual(heard, ["m1", "m1"]);
});

test("where nothing can be stored, an edit lives as long as the page; what is no edit is passed over", () => {
  const storage = new MemoryStorage({ "edit:m9": "{}", "edit:m8": "nonsense" });
  storage.setItem = () => {
    throw new Error("full");
  };
  const edits = new Edits({ storage, prefix: "edit:" });
  edits.keep(begun());
  assert.equal(edits.get("m1")?.text, "half a");
  assert.equal(edits.get("m9"), undefined);
});
