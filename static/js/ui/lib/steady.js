const SOON = 100; // milliseconds in which the click of a touch follows
const HELD = 1_000; // milliseconds for which a press delays work: a longer one is a selection or a drag, not a click

/** @type {Set<() => void>} the work to do after the press */
const held = new Set();
let isPressed = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let letGo;

/**
 * Return a function that runs `work` at once, or after a press has ended and its click is over. An element that moves away
 * from the pointer between press and release would not be clicked, and changes may arrive in that moment.
 *
 * @param {() => void} work
 * @returns {() => void}
 */
export function steady(work) {
  return () => (isPressed ? void held.add(work) : work());
}

/** @param {PointerEvent} event */
function onPress({ button }) {
  if (button !== 0) return;
  isPressed = true;
  endIn(HELD);
}

/** The click of a mouse follows in the same task, the click of a touch a little later. @param {PointerEvent} event */
function onLetGo({ type, pointerType }) {
  endIn(type === "pointerup" && pointerType !== "mouse" ? SOON : 0);
}

/** @param {number} rest milliseconds */
function endIn(rest) {
  clearTimeout(letGo);
  letGo = setTimeout(() => {
    isPressed = false;
    const waiting = [...held];
    held.clear();
    for (const work of waiting) work();
  }, rest);
}

globalThis.addEventListener?.("pointerdown", onPress, { capture: true, passive: true });
for (const type of /** @type {const} */ (["pointerup", "pointercancel"]))
  globalThis.addEventListener?.(type, onLetGo, { capture: true, passive: true });
