import assert from "node:assert/strict";
import { test } from "node:test";

import { isRealDay, parse, startOf } from "../../static/js/ui/views/search-operators.js";

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
