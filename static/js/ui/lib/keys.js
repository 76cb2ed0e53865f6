/**
 * The rules for keys, which every handler of a key keeps: it asks here which key it is.
 *
 * - A letter is the key that is labelled with it. Where the keyboard has no Latin letters (Cyrillic, Greek, Hebrew, Arabic,
 *   Korean), it is the key in the place that the letter has on a US keyboard.
 * - A key with Ctrl, Alt or Meta is another key than the bare one: Alt+↑ goes to another conversation, ↑ edits.
 * - While an input method composes a word, all keys are its own.
 * - One press acts once. Where it moves the focus, neither the rest of it (a line break, a click) nor its repetitions
 *   while it is held act on what has the focus then.
 */

const MOVES = /^(Arrow|Page|Home$|End$|Tab$)/; // these are held to go on and on, through whatever gets the focus
const STEPS = /^[jk]$/i; // the same, where nobody writes

/** What keys with signs say on a US keyboard, alone and with Shift. @type {Record<string, string>} */
const SIGNS = { Comma: ",<", Period: ".>", Slash: "/?", Equal: "=+", Minus: "-_" };

/**
 * @param {Pick<KeyboardEvent, "key" | "code" | "altKey" | "shiftKey">} event
 * @returns {string} `event.key` where it is Latin, or names a key such as "Escape"; else what the place of the key says
 */
export function keyOf({ key, code, altKey, shiftKey }) {
  if (key.length !== 1 || /[ -~]/.test(key)) return key;
  if (/\p{Script=Latin}/u.test(key) && !altKey) return key; // with Alt a Mac writes other signs: ç for c
  const [, name = ""] = /^(?:Key|Digit)([A-Z0-9])$/.exec(code ?? "") ?? [];
  return (shiftKey ? name : name.toLowerCase()) || SIGNS[code]?.[shiftKey ? 1 : 0] || key;
}

/** @param {KeyboardEvent} event whether the key belongs to an input method; Safari says 229 where it has just ended */
export function isComposing({ isComposing, keyCode }) {
  return isComposing || keyCode === 229;
}

/**
 * @param {KeyboardEvent} event
 * @param {{shift?: boolean}} [options] whether it may be pressed with Shift
 * @returns {string} the name of a key that is pressed without modifiers and composes nothing, else ""
 */
export function plainKey(event, { shift = false } = {}) {
  const modified = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && !shift);
  return modified || isComposing(event) ? "" : keyOf(event);
}

/** Keep the third rule for the whole page. @param {Document} [page] */
export function guardKeys(page = document) {
  /** @type {{key: string, at: Element | null} | null} where the key that is held was pressed */
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
    event.preventDefault(); // a handler has moved the focus: what the browser would do now, it would do there
  });
}

/** @param {string} key @param {{key: string, at: Element | null}} held @param {Element | null} now what has the focus */
function goesOn(key, held, now) {
  if (now === held.at || key !== held.key || MOVES.test(key)) return true;
  return STEPS.test(key) && !now?.matches?.("input, textarea, select");
}
