import assert from "node:assert/strict";
import { test } from "node:test";

import { best, fold, score } from "../../static/js/ui/fuzzy.js";

/** @param {string[]} labels */
const items = (labels) => labels.map((label) => ({ label, folded: fold(label) }));

/** @param {string[]} labels @param {string} query */
const found = (labels, query) => best(items(labels), query, 10).map(({ label }) => label);

test("letters are found in their order, and nothing else is", () => {
  assert.deepEqual(found(["design-review", "general", "desktop"], "dsrv"), ["design-review"]);
  assert.deepEqual(found(["general"], "lareneg"), []);
});

test("beginnings come before middles, wholes before parts", () => {
  assert.deepEqual(found(["pre-release", "release", "release-notes"], "release"), ["release", "release-notes", "pre-release"]);
  assert.deepEqual(found(["abandon", "big-and-old", "android"], "and"), ["android", "big-and-old", "abandon"]);
});

test("every word has to be found, in any order", () => {
  assert.deepEqual(found(["Mei Tanaka @mei", "Mei Lin @lin"], "tan mei"), ["Mei Tanaka @mei"]);
});

test("accents and capitals make no difference", () => {
  assert.equal(fold("Zoë ÅNGSTRÖM"), "zoe angstrom");
  assert.deepEqual(found(["Zoë Ångström"], "angstrom"), ["Zoë Ångström"]);
});

test("nothing typed finds everything, in the order given", () => {
  assert.equal(score("", "anything"), 0);
  assert.deepEqual(found(["b", "a"], " "), ["b", "a"]);
});

test("weight decides between equals, and the number is bounded", () => {
  const equal = [{ folded: "alpha", weight: 0 }, { folded: "alpha", weight: 2 }, { folded: "alpha", weight: 1 }];
  assert.deepEqual(best(equal, "al", 2).map(({ weight }) => weight), [2, 1]);
});
