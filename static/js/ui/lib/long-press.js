const LONG = 450; // milliseconds that a finger rests; the same as the platforms'
const SOON = 100; // milliseconds in which the click follows that belongs to the finger
const STILL = 10; // pixels that it may move and still rests

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
