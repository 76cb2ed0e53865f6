import assert from "node:assert/strict";
import { test } from "node:test";

import { findChannels, findMembers, tokenAt } from "../../static/js/ui/compose/candidates.js";
import { conversation, ME, member } from "./support.js";

const person = (handle, name, fields = {}) => member({ id: `member-${handle}`, handle, name, ...fields });
const handles = (members) => members.map(({ handle }) => handle);

test("a sign begins a name at the start of a word, and nowhere else", () => {
  const token = (text) => tokenAt(text, text.length);
  assert.deepEqual(token("hi @Al"), { sign: "@", words: "al", start: 3 });
  assert.deepEqual(token("#"), { sign: "#", words: "", start: 0 });
  assert.deepEqual(token("(@b"), { sign: "@", words: "b", start: 1 });
  assert.deepEqual(token(":ta"), { sign: ":", words: "ta", start: 0 });
  for (const text of ["me@home", "a/#b", "https://x:80", "10:30", ":t", ":)", "`@al", "```\n@al", "@al ", ""])
    assert.equal(token(text), null, text);
});

test("letters that no handle can have may stand beside a name, and names may be joined", () => {
  const starts = (text) => tokenAt(text, text.length)?.start;
  for (const text of [
    "请@bo",
    "全員@bo",
    "всем@bo",
    "و@bo",
    "한국@bo",
    "ถึง@bo",
    "é@bo",
    "😀@bo",
    "（@bo",
    "@ann/@bo",
    "@ann+@bo",
    "@ann-@bo",
    "你/@bo",
    "-@bo",
    "看#bo",
    "今天:bo",
  ]) {
    assert.equal(starts(text), text.length - 3, text);
  }
  for (const text of [
    "x@bo",
    "1@bo",
    "_@bo",
    "@@bo",
    "/@bo",
    "a/@bo",
    "a+@bo",
    "a-@bo",
    "$@bo",
    "C:\\@bo",
    "https://x.example/@bo",
    "a#bo",
  ])
    assert.equal(tokenAt(text, text.length), null, text);
});

test("a name may have vowel signs, accents and what joins letters, in either spelling", () => {
  for (const name of ["हिन्दी", "தமிழ்", "ภาษาไทย", "العَرَبِيَّة", "עִבְרִית", "می\u200cخواهم", "tiếng-việt", "がぎぐ"]) {
    for (const form of ["NFC", "NFD"]) {
      const text = `#${name.normalize(form)}`;
      assert.deepEqual(tokenAt(text, text.length), { sign: "#", words: name.normalize("NFC"), start: 0 }, name);
    }
  }
});

test("the word is the one before the caret", () => {
  assert.deepEqual(tokenAt("@al and @bo", 3), { sign: "@", words: "al", start: 0 });
});

test("members are found by handle and by each word of their name, the likeliest first", () => {
  const members = [
    person("zoe", "Zoe Almond"),
    person("al", "Al"),
    person("palo", "Palo Verde"),
    person("bob", "Bob"),
    person("alix", "Alix", { deactivated_at: "2026-01-01T00:00:00Z" }),
  ];
  assert.deepEqual(handles(findMembers(members, "al", { most: 8 })), ["al", "zoe", "palo"]);
});

test("who is in the conversation comes before who is not, oneself last", () => {
  const members = [person("ann", "Ann"), person("anna", "Anna"), person("anne", "Anne", { id: ME })];
  assert.deepEqual(handles(findMembers(members, "an", { most: 8, here: new Set(["member-anna"]), me: ME })), ["anna", "ann", "anne"]);
  assert.deepEqual(handles(findMembers(members, "", { most: 2, here: new Set(["member-anna"]) })), ["anna", "ann"]);
});

test("ten thousand members are gone through, and the few that fit are offered", () => {
  const many = Array.from({ length: 10_000 }, (_, number) => person(`user${number}`, `Person Number${number}`));
  assert.deepEqual(handles(findMembers(many, "number999", { most: 3 })), ["user999", "user9990", "user9991"]);
});

test("only channels that anybody can follow a link to are offered", () => {
  const channels = [
    conversation({ id: "1", name: "plan-budget" }),
    conversation({ id: "2", name: "budget" }),
    conversation({ id: "3", name: "budget-secret", kind: "private" }),
    conversation({ id: "4", name: "budget-old", archived_at: "2026-01-01T00:00:00Z" }),
    conversation({ id: "5", kind: "direct", name: null }),
  ];
  assert.deepEqual(
    findChannels(channels, "budget", 8).map(({ name }) => name),
    ["budget", "plan-budget"],
  );
});
