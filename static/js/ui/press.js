const LONG = 450; // milliseconds that a finger rests; the same as the platforms'
const STILL = 10; // pixels that it may move and still rests

/**
 * A finger that rests on something, as one does on a phone to see what can be done with it.
 *
 * @param {HTMLElement} element
 * @param {(target: Element) => void} act called while the finger rests, and once more when it is lifted: that closes menus
 */
export function onLongPress(element, act) {
  let timer = 0;
  let x = 0;
  let y = 0;
  let rested = false;
  let held = false;
  const end = () => clearTimeout(timer);
  element.addEventListener("pointerdown", (event) => {
    const { target } = event;
    rested = held = false;
    if (event.pointerType !== "touch" || !(target instanceof Element) || target.closest("a, textarea, input")) return;
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
    if (rested && event.target instanceof Element) act(event.target);
    held = rested;
    rested = false;
  });
  // A finger that has rested presses no button when it is lifted.
  element.addEventListener("click", (event) => held && event.stopPropagation(), { capture: true });
  element.addEventListener("contextmenu", (event) => {
    if (/** @type {PointerEvent} */ (event).pointerType === "touch") event.preventDefault();
  });
}
