import { plainKey } from "./keys.js";

const GAP = 6; // pixels between a menu and its button, and between a menu and the edge of the window

/**
 * Show a menu beside the button that opened it. Arrow keys move in it. The popover closes it on Escape or a press elsewhere.
 *
 * @param {HTMLElement} menu with the attribute `popover`
 * @param {HTMLElement} button
 * @param {{focus?: HTMLElement | null}} [options]
 */
export function openMenu(menu, button, { focus = null } = {}) {
  if (menu.matches(":popover-open")) menu.hidePopover();
  menu.showPopover();
  position(menu, button.getBoundingClientRect());
  button.setAttribute("aria-expanded", "true");
  (focus ?? items(menu)[0])?.focus({ preventScroll: true });
  menu.onkeydown = (event) => moveFocus(menu, event);
  menu.ontoggle = (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "closed") return;
    button.setAttribute("aria-expanded", "false");
    if (menu.contains(document.activeElement) || document.activeElement === document.body) button.focus();
  };
}

/** @param {HTMLElement} menu @returns {HTMLElement[]} */
function items(menu) {
  return [...menu.querySelectorAll("[role^=menuitem]:not([hidden])")].map((item) => /** @type {HTMLElement} */ (item));
}

/** @param {HTMLElement} menu @param {DOMRect} at */
function position(menu, at) {
  const { width, height } = menu.getBoundingClientRect();
  const below = at.bottom + GAP;
  const top = below + height < innerHeight - GAP ? below : Math.max(GAP, at.top - height - GAP);
  const left = Math.min(Math.max(GAP, at.right - width), innerWidth - width - GAP);
  menu.style.top = `${top}px`;
  menu.style.left = `${at.left + width < innerWidth - GAP ? Math.max(GAP, at.left) : left}px`;
}

/** @param {HTMLElement} menu @param {KeyboardEvent} event */
function moveFocus(menu, event) {
  const all = items(menu);
  if (all.length === 0) return;
  const index = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = { ArrowDown: index + 1, ArrowUp: index - 1 + all.length, Home: 0, End: all.length - 1 }[plainKey(event)];
  if (to === undefined) return;
  event.preventDefault();
  all[to % all.length]?.focus();
}
