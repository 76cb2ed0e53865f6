import assert from "node:assert/strict";
import { test } from "node:test";

import { codeBlock, isInCode, link, looksLikeCode, prefixLines, wrap } from "../../static/js/ui/compose/markdown.js";

/** "a [b] c": the brackets are the selection. */
const read = (marked) => {
  const start = marked.indexOf("[");
  return { text: marked.replace("[", "").replace("]", ""), start, end: marked.indexOf("]") - 1 };
};
const edited = ({ text }, { from, to, insert, start, end }) => {
  const whole = text.slice(0, from) + insert + text.slice(to);
  return `${whole.slice(0, start)}[${whole.slice(start, end)}]${whole.slice(end)}`;
};
const apply = (marked, change, ...rest) => edited(read(marked), change(read(marked), ...rest));

test("marks are put around what is selected, spaces left outside, and taken away again", () => {
  assert.equal(apply("say [it] now", wrap, "**"), "say **[it]** now");
  assert.equal(apply("say **[it]** now", wrap, "**"), "say [it] now");
  assert.equal(apply("say [**it**] now", wrap, "**"), "say [it] now");
  assert.equal(apply("say [it ]now", wrap, "`"), "say `[it]` now");
  assert.equal(apply("[]", wrap, "~~"), "~~[]~~");
});

test("italic within bold does not take half of the bold away", () => {
  assert.equal(apply("**[it]**", wrap, "*"), "***[it]***");
});

test("a prefix stands before every line that the selection touches, and is taken away from all", () => {
  assert.equal(apply("one\ntw[o\nthr]ee\nfour", prefixLines, "> "), "one\n[> two\n> three]\nfour");
  assert.equal(apply("[> two\n> three]", prefixLines, "> "), "[two\nthree]");
  assert.equal(apply("a[]", prefixLines, "- "), "- a[]");
  assert.equal(apply("one\n[]\ntwo", prefixLines, "- "), "one\n- []\ntwo");
});

test("a block of code stands on lines of its own, with a fence longer than any in it", () => {
  assert.equal(apply("look: [x = 1]", codeBlock), "look: \n```\n[x = 1]\n```");
  assert.equal(apply("[a\n```\nb]\nc", codeBlock), "````\n[a\n```\nb]\n````\nc");
});

test("a link waits for its address, or for its text", () => {
  const text = (marked, ...rest) => edited(read(marked), link(read(marked), ...rest)).replace(/\[(?=https)|\](?=\)$)/g, "|");
  assert.equal(text("see [this]"), "see [this](|https://|)");
  assert.equal(link(read("[https://a.example/x]")).insert, "[](https://a.example/x)");
  assert.equal(link(read("see [this]"), "https://a.example").insert, "[this](https://a.example)");
});

test("code is distinguished from prose", () => {
  for (const code of [
    "def f():\n    return 1",
    "if (a) {\n  b();\n}",
    '{\n  "a": 1\n}',
    "<ul>\n  <li>a</li>\n</ul>",
    "SELECT 1\nFROM x;",
  ]) {
    assert.equal(looksLikeCode(code), true, code);
  }
  for (const prose of ["one line;", "Dear all,\nthank you", "a\nb\nc", "```\nalready = 1;\nmarked = 2;\n```"]) {
    assert.equal(looksLikeCode(prose), false, prose);
  }
});

test("within code nothing is completed", () => {
  assert.equal(isInCode("a `b"), true);
  assert.equal(isInCode("a `b` c"), false);
  assert.equal(isInCode("```\nx"), true);
  assert.equal(isInCode("```\nx\n```\ny"), false);
});
