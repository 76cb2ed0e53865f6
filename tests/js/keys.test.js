// The rules that every handler of a key keeps (static/js/ui/lib/keys.js).
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { guardKeys, isComposing, keyOf, plainKey } from "../../static/js/ui/lib/keys.js";
import { chordOf } from "../../static/js/ui/shell/shortcuts.js";

const UI = new URL("../../static/js/ui/", import.meta.url);
const BARE = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false, keyCode: 38, repeat: false };
/** The fields of a key event that the handlers read. @param {string} key @param {Partial<KeyboardEvent>} [more] */
const press = (key, more = {}) => /** @type {KeyboardEvent} */ ({ ...BARE, code: "", key, ...more });

test("a key with a modifier is another key", () => {
  assert.equal(plainKey(press("ArrowUp")), "ArrowUp");
  for (const modifier of ["ctrlKey", "metaKey", "altKey", "shiftKey"]) assert.equal(plainKey(press("ArrowUp", { [modifier]: true })), "");
  assert.equal(plainKey(press("+", { shiftKey: true }), { shift: true }), "+");
  assert.equal(plainKey(press("+", { shiftKey: true, altKey: true }), { shift: true }), "");
});

/** What a layout writes with the keys that are in these places on a US keyboard. */
const LAYOUTS = {
  Cyrillic: { KeyK: "л", KeyJ: "о", KeyB: "и", KeyM: "ь", KeyC: "с", Comma: "б" },
  Greek: { KeyK: "κ", KeyJ: "ξ", KeyB: "β", KeyM: "μ", KeyC: "ψ" },
  Hebrew: { KeyK: "ל", KeyJ: "ח", KeyB: "נ", KeyM: "צ", KeyC: "ב", Comma: "ת" },
  Arabic: { KeyK: "ن", KeyJ: "ت", KeyM: "ة", KeyC: "ؤ", Comma: "و" },
  Korean: { KeyK: "ㅏ", KeyJ: "ㅓ", KeyB: "ㅠ", KeyM: "ㅡ", KeyC: "ㅊ" },
  Georgian: { KeyK: "კ", KeyJ: "ჯ", KeyB: "ბ" },
  Armenian: { KeyK: "կ", KeyB: "բ" },
  Thai: { KeyK: "า", KeyJ: "่", KeyB: "ิ", Comma: "ม" },
  Devanagari: { KeyK: "क", KeyJ: "र", KeyB: "ब" },
};

for (const [layout, keys] of Object.entries(LAYOUTS)) {
  test(`on a ${layout} keyboard a shortcut is where its letter is on a US one`, () => {
    for (const [code, key] of Object.entries(keys)) {
      const sign = code === "Comma" ? "," : code.slice(-1);
      assert.equal(plainKey(press(key, { code })), sign.toLowerCase());
      assert.equal(chordOf(press(key, { code, ctrlKey: true })), `Mod+${sign}`);
      if (sign === ",") continue;
      const shifted = press(key.toUpperCase(), { code, ctrlKey: true, shiftKey: true });
      assert.equal(chordOf(shifted), `Mod+Shift+${sign}`);
      assert.equal(chordOf(press(key, { code, ctrlKey: true, altKey: true })), `Mod+Alt+${sign}`);
    }
  });
}

test("where the keyboard has Latin letters, a shortcut is the key with the letter, wherever that is", () => {
  const AZERTY = { KeyQ: "a", KeyA: "q", KeyZ: "w", Semicolon: "m" };
  const Dvorak = { KeyV: "k", KeyK: "t", KeyC: "j", KeyN: "b", KeyW: ",", BracketLeft: "/" };
  const German = { KeyZ: "y", KeyY: "z", Semicolon: "ö" };
  const Turkish = { KeyI: "ı", Quote: "i" };
  for (const layout of [AZERTY, Dvorak, German, Turkish]) {
    for (const [code, key] of Object.entries(layout)) {
      assert.equal(keyOf(press(key, { code })), key);
      assert.equal(chordOf(press(key, { code, ctrlKey: true })), `Mod+${key.toUpperCase()}`);
    }
  }
});

test("signs of other scripts are the signs of their place; ASCII signs are what they are, and names stay names", () => {
  assert.equal(chordOf(press("؟", { code: "Slash", shiftKey: true })), "?");
  assert.equal(chordOf(press("ظ", { code: "Slash" })), "/");
  assert.equal(keyOf(press("٨", { code: "Digit8" })), "8");
  assert.equal(chordOf(press("/", { code: "KeyQ" })), "/", "on a Hebrew keyboard");
  assert.equal(chordOf(press("?", { code: "Digit7", shiftKey: true })), "?", "on a Russian keyboard");
  assert.equal(keyOf(press("ç", { code: "KeyC", altKey: true })), "c", "with Option on a Mac");
  for (const name of ["Escape", "ArrowUp", "Dead", "Process", "Unidentified"]) assert.equal(keyOf(press(name, { code: "KeyK" })), name);
  assert.equal(keyOf(press("л", { code: "" })), "л", "a keyboard on the screen has no places");
});

test("keys of an input method are its own", () => {
  for (const state of [{ isComposing: true }, { keyCode: 229 }]) {
    assert.equal(isComposing(press("Enter", state)), true);
    assert.equal(plainKey(press("Enter", state)), "");
    assert.equal(plainKey(press("Process", state)), "");
  }
  assert.equal(isComposing(press("Enter", { keyCode: 13 })), false);
});

test("no handler asks which key it is by itself", () => {
  const allowed = new Set(["lib/keys.js", "shell/shortcuts.js"]);
  const files = readdirSync(UI, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js") && !allowed.has(name));
  assert.ok(files.length > 40);
  for (const name of files) {
    const text = readFileSync(new URL(name, UI), "utf8");
    assert.doesNotMatch(text, /event\.isComposing|keyCode|\[event\.(key|code)\]|\.test\(event\.key\)/, name);
    const compared = [...text.matchAll(/event\.key (?:===|!==) "(\w+)"/g)].map(([, key]) => key);
    const known = name === "compose/composer.js" ? ["Enter"] : []; // beside a look at the modifiers
    assert.deepEqual(compared, known, name);
  }
});

/** A page with two fields, whose listeners are called by hand. */
function page() {
  /** @type {Record<"capture" | "bubble", ((event: object) => void)[]>} */
  const listeners = { capture: [], bubble: [] };
  /** @type {(_: string, listener: (event: object) => void, options?: {capture?: boolean}) => unknown} */
  const addEventListener = (_, listener, options) => listeners[options?.capture ? "capture" : "bubble"].push(listener);
  const found = { activeElement: "button", defaultView: { addEventListener } };
  guardKeys(/** @type {Document} */ (/** @type {unknown} */ (found)));
  const key = (name, { repeat = false, moves = found.activeElement } = {}) => {
    const event = {
      ...press(name, { repeat }),
      defaultPrevented: false,
      stopped: false,
      preventDefault: () => void (event.defaultPrevented = true),
      stopImmediatePropagation: () => void (event.stopped = true),
    };
    for (const listener of listeners.capture) listener(event);
    if (event.stopped) return event;
    found.activeElement = moves;
    for (const listener of listeners.bubble) listener(event);
    return event;
  };
  return { key };
}

test("a press that moves the focus acts once", () => {
  for (const name of ["Enter", "Escape", " ", "e", "/", "Delete"]) {
    const { key } = page();
    assert.equal(key(name, { moves: "composer" }).defaultPrevented, true, name);
    assert.equal(key(name, { repeat: true }).stopped, true, name);
    assert.equal(key(name).defaultPrevented, false, `${name}, pressed anew`);
  }
});

test("a press that moves nothing is left alone, also while it is held", () => {
  for (const name of ["Enter", "x", "Backspace"]) {
    const { key } = page();
    assert.deepEqual([key(name).defaultPrevented, key(name, { repeat: true }).stopped], [false, false], name);
  }
});

test("keys that go on and on do so through whatever gets the focus", () => {
  for (const name of ["ArrowDown", "Tab", "PageUp", "Home", "j", "k"]) {
    const { key } = page();
    assert.equal(key(name, { moves: "next" }).defaultPrevented, false, name);
    assert.equal(key(name, { repeat: true }).stopped, false, name);
  }
});
