import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError } from "../../static/js/client/api.js";
import { addSection, moveConversation, placeSection, removeSection, renameSection } from "../../static/js/client/section-changes.js";
import { Sections } from "../../static/js/client/sections.js";
import { Store } from "../../static/js/client/store.js";
import { settle } from "./support.js";

const ME = "me";

/** A server that keeps one sidebar and refuses changes of an older version; `hold` keeps answers back. */
class Server {
  version = 0;
  sections = [];
  /** @type {ApiError | null} */
  refusal = null;

  async put(_, { sections, version }) {
    await settle();
    if (this.refusal) throw this.refusal;
    if (version !== this.version) throw new ApiError(409, { code: "conflict" });
    this.sections = sections;
    this.version += 1;
    return this.get();
  }

  async get() {
    return { member: ME, sections: this.sections, version: this.version };
  }
}

const begin = () => {
  const api = new Server();
  const sections = new Sections({ api: /** @type {any} */ (api), store: new Store(ME) });
  return { api, sections };
};
const names = (sections) => sections.map(({ name }) => name);

test("a change is shown at once and confirmed by the server", async () => {
  const { api, sections } = begin();
  const confirmed = sections.change(addSection("s1", "Launch"));
  assert.deepEqual(names(sections.all), ["Launch"]);
  assert.deepEqual(api.sections, []);
  await confirmed;
  assert.deepEqual(names(sections.all), names(api.sections));
});

test("changes are sent one after the other", async () => {
  const { api, sections } = begin();
  await Promise.all([
    sections.change(addSection("s1", "Launch")),
    sections.change(addSection("s2", "Later")),
    sections.change(moveConversation("c1", "s2")),
  ]);
  assert.equal(api.version, 3);
  assert.equal(sections.of("c1"), "s2");
});

test("a change on top of one from elsewhere keeps both", async () => {
  const { api, sections } = begin();
  await sections.change(addSection("s1", "Launch"));
  Object.assign(api, { sections: [...api.sections, { id: "s2", name: "Elsewhere", conversations: [] }], version: 2 });
  await sections.change(renameSection("s1", "Liftoff"));
  assert.deepEqual(names(api.sections), ["Liftoff", "Elsewhere"]);
  assert.deepEqual(names(sections.all), ["Liftoff", "Elsewhere"]);
});

test("a change that is refused is taken back", async () => {
  const { api, sections } = begin();
  api.refusal = new ApiError(422, { code: "invalid" });
  await assert.rejects(sections.change(addSection("s1", "")), ApiError);
  assert.deepEqual(sections.all, []);
});

test("a conversation is in one section, and in none when its section is removed", () => {
  const section = (id, ...conversations) => ({ id, name: id, conversations });
  const moved = moveConversation("c1", "s2")([section("s1", "c1", "c2"), section("s2")]);
  assert.deepEqual(moved, [section("s1", "c2"), section("s2", "c1")]);
  assert.deepEqual(removeSection("s2")(moved), [section("s1", "c2")]);
  assert.deepEqual(moveConversation("c1", null)(moved), [section("s1", "c2"), section("s2")]);
});

test("a section is placed before another one, or at the end", () => {
  const all = ["a", "b", "c"].map((id) => ({ id, name: id, conversations: [] }));
  assert.deepEqual(names(placeSection("c", "a")(all)), ["c", "a", "b"]);
  assert.deepEqual(names(placeSection("a", null)(all)), ["b", "c", "a"]);
  assert.deepEqual(names(placeSection("a", "c")(all)), ["b", "a", "c"]);
});
