import assert from "node:assert/strict";
import { test } from "node:test";

import { best, Finder, fold, score } from "../../static/js/ui/lib/fuzzy.js";

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
  const equal = [
    { folded: "alpha", weight: 0 },
    { folded: "alpha", weight: 2 },
    { folded: "alpha", weight: 1 },
  ];
  assert.deepEqual(
    best(equal, "al", 2).map(({ weight }) => weight),
    [2, 1],
  );
});

/** @param {string[]} labels @returns {{items: {folded: string}[], looks: () => string[]}} items that say when they are looked at */
function watched(labels) {
  /** @type {Set<string>} */
  let seen = new Set();
  const items = labels.map((label) => ({
    label,
    get folded() {
      seen.add(label);
      return label;
    },
  }));
  return {
    items,
    looks: () => {
      const found = [...seen].sort();
      seen = new Set();
      return found;
    },
  };
}

test("while one types on, only what matched before is looked at", () => {
  const { items, looks } = watched(["release", "real", "random", "general", "release notes"]);
  const finder = new Finder(items);
  finder.best("r", 10);
  assert.equal(looks().length, 5);
  finder.best("re", 10);
  assert.equal(looks().length, 5); // "random" and "general" have no "re", and that is found out now
  finder.best("rel", 10);
  assert.deepEqual(looks(), ["real", "release", "release notes"]);
  finder.best("rel n", 10);
  assert.deepEqual(looks(), ["real", "release", "release notes"]);
  finder.best("rel no", 10);
  assert.deepEqual(looks(), ["release notes"]);
});

test("what is taken back, or typed in front, is looked for among all", () => {
  const finder = new Finder(items(["release", "real", "random"]));
  const labels = (/** @type {string} */ query) => finder.best(query, 10).map(({ label }) => label);
  assert.deepEqual(labels("rel"), ["release", "real"]);
  assert.deepEqual(labels("rand"), ["random"]);
  assert.deepEqual(labels("r"), ["release", "real", "random"]);
});

test("narrowing finds what looking afresh finds", () => {
  const labels = Array.from(
    { length: 300 },
    (_, number) => `${["Maria", "design-review", "Zoë #", "plans"][number % 4]} ${(number * 7919) % 1000}`,
  );
  for (const query of ["maria 9", "dsgr 1 2", "zoe 7", "#1", "pl ns"]) {
    const finder = new Finder(items(labels));
    for (let end = 1; end <= query.length; end += 1) {
      assert.deepEqual(finder.best(query.slice(0, end), 12), best(items(labels), query.slice(0, end), 12));
    }
  }
});
