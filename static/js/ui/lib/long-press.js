const LONG = 450; // milliseconds of a long press, as on the platforms
const SOON = 100; // milliseconds in which the click of a touch follows
const STILL = 10; // pixels that the finger may move during a long press

/**
 * Call `act` on a long press, which opens a menu on phones.
 *
 * @param {HTMLElement} element
 * @param {(target: Element) => void} act called during the press, and again after it, because browsers close menus when the finger is lifted
 * @returns {(event: PointerEvent) => void} begins with a press whose event came before this call
 */
export function onLongPress(element, act) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let x = 0;
  let y = 0;
  let rested = false;
  const end = () => clearTimeout(timer);
  /** @param {PointerEvent} event */
  const begin = (event) => {
    const { target } = event;
    rested = false;
    if (event.pointerType !== "touch" || !(target instanceof Element) || target.closest(".prose a, textarea, input")) return;
    [x, y] = [event.clientX, event.clientY];
    timer = setTimeout(() => {
      rested = true;
      act(target);
    }, LONG);
  };
  element.addEventListener("pointerdown", begin);
  element.addEventListener("pointermove", (event) => Math.hypot(event.clientX - x, event.clientY - y) > STILL && end());
  element.addEventListener("pointercancel", end);
  element.addEventListener("pointerup", (event) => {
    end();
    const { target } = event;
    if (!rested || !(target instanceof Element)) return;
    rested = false;
    swallowClick();
    // Call it again after the browser has closed popovers outside of the finger, possibly with the click; until the next press.
    const again = [0, SOON, 3 * SOON].map((rest) => setTimeout(() => act(target), rest));
    document.addEventListener("pointerdown", () => again.forEach((one) => clearTimeout(one)), { capture: true, once: true });
  });
  element.addEventListener("contextmenu", (event) => {
    if (/** @type {PointerEvent} */ (event).pointerType === "touch") event.preventDefault();
  });
  return begin;
}

/** Suppress the click after a long press, which could hit an item of the opened menu. */
function swallowClick() {
  const swallow = (/** @type {Event} */ event) => {
    event.stopPropagation();
    event.preventDefault();
  };
  document.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => document.removeEventListener("click", swallow, { capture: true }), SOON);
}
