/**
 * Rules for keys. Every handler of key events uses these functions to find out which key was pressed.
 *
 * - A letter is the key that is labelled with it. If the keyboard has no Latin letters (Cyrillic, Greek, Hebrew, Arabic,
 *   Korean), it is the key at the position of the letter on a US keyboard.
 * - A key with Ctrl, Alt or Meta differs from the key alone: Alt+↑ goes to another conversation, ↑ edits.
 * - While an input method composes a word, it gets all keys.
 * - One press acts once. If it moves the focus, neither its other effects (a line break, a click) nor its repetitions while it
 *   is held act on the element that then has the focus.
 */

const MOVES = /^(Arrow|Page|Home$|End$|Tab$)/; // keys that are held to move on, through each element that gets the focus
const STEPS = /^[jk]$/i; // the same outside of text fields

/** The characters of symbol keys on a US keyboard, alone and with Shift. @type {Record<string, string>} */
const SIGNS = { Comma: ",<", Period: ".>", Slash: "/?", Equal: "=+", Minus: "-_" };

/**
 * @param {Pick<KeyboardEvent, "key" | "code" | "altKey" | "shiftKey">} event
 * @returns {string} `event.key` if it is Latin or the name of a key such as "Escape"; else the character at the key's position on a US keyboard
 */
export function keyOf({ key, code, altKey, shiftKey }) {
  if (key.length !== 1 || /[ -~]/.test(key)) return key;
  if (/\p{Script=Latin}/u.test(key) && !altKey) return key; // with Alt, a Mac writes other characters, such as ç for c
  const [, name = ""] = /^(?:Key|Digit)([A-Z0-9])$/.exec(code ?? "") ?? [];
  return (shiftKey ? name : name.toLowerCase()) || SIGNS[code]?.[shiftKey ? 1 : 0] || key;
}

/** @param {KeyboardEvent} event @returns {boolean} whether an input method gets the key; Safari sets 229 for the key that ends the composition */
export function isComposing({ isComposing, keyCode }) {
  return isComposing || keyCode === 229;
}

/**
 * @param {KeyboardEvent} event
 * @param {{shift?: boolean}} [options] whether Shift is allowed
 * @returns {string} the name of a key that is pressed without modifiers and outside of a composition, else ""
 */
export function plainKey(event, { shift = false } = {}) {
  const modified = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && !shift);
  return modified || isComposing(event) ? "" : keyOf(event);
}

/** Apply the last rule to the whole page. @param {Document} [page] */
export function guardKeys(page = document) {
  /** @type {{key: string, at: Element | null} | null} the key that is held, and where it was pressed */
  let held = null;
  page.defaultView?.addEventListener(
    "keydown",
    (event) => {
      if (!event.repeat) held = { key: keyOf(event), at: page.activeElement };
      else if (held && goesOn(keyOf(event), held, page.activeElement)) return;
      else if (held) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    },
    { capture: true },
  );
  page.defaultView?.addEventListener("keydown", (event) => {
    if (!held || event.repeat || event.defaultPrevented || goesOn(keyOf(event), held, page.activeElement)) return;
    event.preventDefault(); // a handler has moved the focus, and the browser would act on the new element
  });
}

/** @param {string} key @param {{key: string, at: Element | null}} held @param {Element | null} now the element with the focus */
function goesOn(key, held, now) {
  if (now === held.at || key !== held.key || MOVES.test(key)) return true;
  return STEPS.test(key) && !now?.matches?.("input, textarea, select");
}
