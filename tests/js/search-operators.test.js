import assert from "node:assert/strict";
import { test } from "node:test";

import { dayBefore, isRealDay, operatorAt, parse, startOf } from "../../static/js/ui/views/search-operators.js";

test("operators are taken out of the words", () => {
  assert.deepEqual(parse('budget from:@bob in:#plan-2026 "a phrase" -draft'), {
    words: 'budget "a phrase" -draft',
    from: "bob",
    in: "plan-2026",
  });
});

test("names of several words are quoted", () => {
  assert.deepEqual(parse('from:"Mei Tanaka" hello'), { words: "hello", from: "Mei Tanaka" });
});

test("days are days, and anything else is a word", () => {
  assert.deepEqual(parse("x before:2026-02-01 after:2026-01-31"), { words: "x", before: "2026-02-01", after: "2026-01-31" });
  for (const text of ["before:yesterday", "before:2026-02-30", "after:2026-1-1"]) assert.deepEqual(parse(text), { words: text });
  assert.equal(isRealDay("2028-02-29"), true);
});

test("what only looks like an operator is a word", () => {
  for (const text of ["from:", "https://in:8000", "wherefrom:bob"]) assert.deepEqual(parse(text), { words: text });
});

test("of the same operator twice the last counts", () => {
  assert.deepEqual(parse("from:bob from:alice"), { words: "", from: "alice" });
});

test("a day begins at midnight where one is", () => {
  assert.equal(new Date(startOf("2026-03-01")).getHours(), 0);
  assert.equal(new Date(startOf("2026-02-28", 1)).getTime(), new Date(2026, 2, 1).getTime());
});

test("the operator before the caret is completed, or the word that may become one", () => {
  const at = (text, caret = text.length) => {
    const found = operatorAt(text, caret);
    return found && [found.name, found.words, found.start, found.end];
  };
  assert.deepEqual(at("from:@al"), ["from", "al", 0, 8]);
  assert.deepEqual(at("plans In:#gen"), ["in", "gen", 6, 13]);
  assert.deepEqual(at("plans before:"), ["before", "", 6, 13]);
  assert.deepEqual(at("fro"), ["", "fro", 0, 3]);
  assert.deepEqual(at("from:al plans", 7), ["from", "al", 0, 7]);
  assert.equal(at("from:al plans", 6), null, "the caret is inside of a word");
  assert.equal(at("plans "), null);
  assert.equal(at("http://x"), null);
});

test("days are counted by the calendar", () => {
  assert.equal(dayBefore(new Date(2026, 2, 1, 0, 30), 0), "2026-03-01");
  assert.equal(dayBefore(new Date(2026, 2, 1, 0, 30), 1), "2026-02-28");
  assert.equal(dayBefore(new Date(2026, 0, 5, 23, 59), 7), "2025-12-29");
});
