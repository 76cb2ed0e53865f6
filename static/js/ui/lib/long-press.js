const LONG = 450; // milliseconds that a finger rests; the same as the platforms'
const SOON = 100; // milliseconds in which the click follows that belongs to the finger
const STILL = 10; // pixels that it may move and still rests
const HELD = 1_000; // milliseconds that what is pressed stands still: longer is no click, but a selection or a drag

/**
 * A finger that rests on something, as one does on a phone to see what can be done with it.
 *
 * @param {HTMLElement} element
 * @param {(target: Element) => void} act called while the finger rests, and once more when it is lifted: that closes menus
 */
export function onLongPress(element, act) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let x = 0;
  let y = 0;
  let rested = false;
  const end = () => clearTimeout(timer);
  element.addEventListener("pointerdown", (event) => {
    const { target } = event;
    rested = false;
    if (event.pointerType !== "touch" || !(target instanceof Element) || target.closest(".prose a, textarea, input")) return;
    [x, y] = [event.clientX, event.clientY];
    timer = setTimeout(() => {
      rested = true;
      act(target);
    }, LONG);
  });
  element.addEventListener("pointermove", (event) => Math.hypot(event.clientX - x, event.clientY - y) > STILL && end());
  element.addEventListener("pointercancel", end);
  element.addEventListener("pointerup", (event) => {
    end();
    const { target } = event;
    if (!rested || !(target instanceof Element)) return;
    rested = false;
    swallowClick();
    // When the browser has closed what the finger was not in, which may be with the click; until something else is pressed.
    const again = [0, SOON, 3 * SOON].map((rest) => setTimeout(() => act(target), rest));
    document.addEventListener("pointerdown", () => again.forEach((one) => clearTimeout(one)), { capture: true, once: true });
  });
  element.addEventListener("contextmenu", (event) => {
    if (/** @type {PointerEvent} */ (event).pointerType === "touch") event.preventDefault();
  });
}

/** A finger that has rested presses nothing when it is lifted, least of all what has opened under it. */
function swallowClick() {
  const swallow = (/** @type {Event} */ event) => {
    event.stopPropagation();
    event.preventDefault();
  };
  document.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => document.removeEventListener("click", swallow, { capture: true }), SOON);
}

/** @type {Set<() => void>} what is done when nothing is pressed any longer */
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

/** The click of a mouse follows in the same task, that of a finger as soon as it is known to be one. @param {PointerEvent} event */
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
