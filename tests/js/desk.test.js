// The interpreter that reads the attributes of the admin site's templates (static/desk/expressions.js).
import assert from "node:assert/strict";
import { test } from "node:test";

Object.assign(globalThis, { window: globalThis });
await import("../../static/desk/expressions.js");

const { meaning } = globalThis.deskExpressions;
const value = (text, scope = {}) => meaning(text)(scope);

test("what the templates say is understood", () => {
  assert.equal(value("a == 'x' && 'active'", { a: "x" }), "active");
  assert.equal(value("a == 'dark' && 'd' || a == 'light' && 'l' || 'c'", { a: "auto" }), "c");
  assert.deepEqual(value("{'xl:hidden!': !open, block: mobile}", { open: false, mobile: true }), {
    "xl:hidden!": true,
    block: true,
  });
  assert.deepEqual(value("{ open: false, n: -1 }"), { open: false, n: -1 });
  assert.equal(value("'width: ' + (w + 1) + 'px'", { w: 2 }), "width: 3px");
  assert.equal(value("['h3', 'strong'].includes(tag.toLowerCase())", { tag: "H3" }), true);
  assert.equal(value("items !== undefined && items.length > 0", { items: [1] }), true);
  assert.equal(value("n ?? 4", { n: null }), 4);
});

test("statements change the scope and nothing else", () => {
  const scope = { open: false, index: 1, refs: { field: { value: "" } } };
  value("open = !open; index++", scope);
  assert.deepEqual([scope.open, scope.index], [true, 2]);
  value("if (refs.field.value === '') { refs.field.value = 'x' } else { open = false }", scope);
  assert.deepEqual([scope.refs.field.value, scope.open], ["x", true]);
  value("brandNew = 7", scope);
  assert.equal("brandNew" in globalThis, false);
  assert.equal(value("brandNew"), 7);
});

test("methods are called on their object, functions close over their parameter", () => {
  const scope = {
    n: 3,
    add(by) {
      return this.n + by;
    },
  };
  assert.equal(value("add(2)", scope), 5);
  assert.equal(value("value => value + n", scope)(4), 7);
});

for (const text of [
  "fetch('/x')",
  "document.cookie",
  "eval('1')",
  "Function('return 1')()",
  "[].constructor.constructor('return 1')()",
  "''['constructor']",
  "({}).__proto__",
  "window.fetch('/x')",
  "(value => value).constructor('return 1')()",
])
  test(`${text} is refused`, () => assert.throws(() => value(text), ReferenceError));

for (const text of ["a +", "(", "a b", "`${a}`", "new Date()", "a => { return 1 }", "import('x')"])
  test(`${text} is not understood`, () => assert.throws(() => value(text, { a: 1 })));
