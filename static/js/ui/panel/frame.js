/** @import {App} from "../shell/app.js" */

import { byId, clone, isWriting } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";

const WIDTH = "parley:panel"; // in localStorage: the width in rem that the member chose
const NORMAL = 24; // rem
const LEAST = 22;
const MOST = 30; // on screens that are not wide
const BESIDE = 40.5; // rem for the sidebar and a narrow conversation
const WIDE = 100; // rem from which the panel may take 60 % of the screen
const STEP = 1;

/** @type {Promise<Frame> | undefined} */
let frame;

/** @param {App} app @returns {Promise<Frame>} the frame, made when something is first shown in it; its style sheet is not part of the first load */
export function frameOf(app) {
  frame ??= loadSheet("panel-sheet").then(() => new Frame(app, byId("panel")));
  return frame;
}

/** @param {string} name of a template with a <link>; without its style sheet a view works as well */
export async function loadSheet(name) {
  const { root } = clone(name);
  const loaded = new Promise((resolve) => {
    root.onload = root.onerror = resolve;
  });
  document.head.append(root);
  await loaded;
}

/**
 * What the pages of the right panel have in common: the width, the edge that changes it, Escape, and the focus. The panel is
 * visible while one of its pages is.
 */
export class Frame {
  /** @type {Element | null} what had the focus before the panel was opened */
  #origin = null;

  /** @param {App} app @param {HTMLElement} element */
  constructor(app, element) {
    this.app = app;
    this.element = element;
    element.hidden = false; // from here on the style sheet hides it while no page is shown
    /** @type {HTMLElement} */
    this.edge = byId("panel-edge");
    this.#setWidth(Number(localStorage.getItem(WIDTH)) || NORMAL);
    this.edge.addEventListener("pointerdown", (event) => this.#onPress(event));
    this.edge.addEventListener("keydown", (event) => this.#onKey(event));
    this.edge.addEventListener("dblclick", () => this.#keep(NORMAL));
    window.addEventListener("resize", () => this.#setWidth(this.#width));
    element.addEventListener("keydown", (event) => this.#onEscape(event));
    element.addEventListener("click", (event) => this.#onClick(event));
  }

  get isOpen() {
    return [...this.element.children].some((page) => page.matches(".panel-page:not([hidden])"));
  }

  /** @param {HTMLElement} page */
  show(page) {
    if (!this.isOpen) this.#origin = document.activeElement;
    page.hidden = false;
    page.prepend(this.edge);
    this.#showWidth();
    for (const button of page.querySelectorAll(".panel-header [data-action=back]")) {
      button.toggleAttribute("data-returns", this.#comesFromPanel);
    }
  }

  /** @param {HTMLElement} page */
  hide(page) {
    const had = page.contains(document.activeElement);
    page.hidden = true;
    if (had && !this.isOpen) this.#restoreFocus();
  }

  /** Focus a heading of a page, unless the member writes in another field by now. @param {HTMLElement} heading */
  focus(heading) {
    if (!isWriting(document.activeElement)) heading.focus({ preventScroll: true });
  }

  close() {
    const { router } = this.app;
    router.back(router.panelPath());
  }

  #restoreFocus() {
    const origin = this.#origin;
    const target = origin instanceof HTMLElement && origin !== document.body && origin.checkVisibility() ? origin : byId("main");
    target.focus({ preventScroll: true });
  }

  /** Whether another panel of the same view was open before this one. */
  get #comesFromPanel() {
    const { router } = this.app;
    const { from } = history.state ?? {};
    const before = from ? router.parse(new URL(from, location.href)) : null;
    return before !== null && before.view === router.route.view && Boolean(before.panel || before.thread);
  }

  /** @param {KeyboardEvent} event */
  #onEscape(event) {
    if (plainKey(event) !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    this.close();
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const at = /** @type {Element} */ (event.target);
    const button = at.closest(".panel-header [data-action]");
    if (button?.getAttribute("data-action") === "back" && this.#comesFromPanel) history.back();
    else if (button) this.close();
    else this.#followLink(event, at.closest("a[href]"));
  }

  /** Where there is room, a link to a message of the same conversation keeps the panel. @param {MouseEvent} event @param {Element | null} link */
  #followLink(event, link) {
    const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (!(link instanceof HTMLAnchorElement) || modified || isNarrow()) return;
    const { router } = this.app;
    const to = router.parse(new URL(link.href));
    if (!to.conversation || to.conversation !== router.route.conversation || to.seq === undefined || to.thread || to.panel) return;
    event.preventDefault();
    router.go(router.withPanel(link.href));
  }

  // --- The width ---------------------------------------------------------------------------------------

  get #width() {
    return Number.parseFloat(document.documentElement.style.getPropertyValue("--panel-width"));
  }

  get #most() {
    const screen = innerWidth / rem();
    const room = screen - BESIDE;
    return Math.max(LEAST, screen >= WIDE ? Math.min(screen * 0.6, room) : Math.min(MOST, room));
  }

  /** @param {number} width in rem */
  #setWidth(width) {
    document.documentElement.style.setProperty("--panel-width", `${width}rem`);
    this.#showWidth();
  }

  /** @param {number} width in rem, which is kept within the bounds and for the next time */
  #keep(width) {
    const bounded = Math.min(Math.max(width, LEAST), this.#most);
    localStorage.setItem(WIDTH, String(bounded));
    this.#setWidth(bounded);
  }

  #showWidth() {
    const pixels = (/** @type {number} */ width) => String(Math.round(width * rem()));
    const now = pixels(Math.min(Math.max(this.#width, LEAST), this.#most));
    this.edge.ariaValueMin = pixels(LEAST);
    this.edge.ariaValueMax = pixels(this.#most);
    this.edge.ariaValueNow = now;
    this.edge.ariaValueText = interpolate(gettext("%(count)s pixels wide"), { count: now });
  }

  /** @param {PointerEvent} event */
  #onPress(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.edge.setPointerCapture(event.pointerId);
    this.edge.focus({ preventScroll: true });
    const move = (/** @type {PointerEvent} */ { clientX }) => {
      const { left, right } = this.element.getBoundingClientRect();
      this.#keep((isRightToLeft() ? clientX - left : right - clientX) / rem());
    };
    this.edge.addEventListener("pointermove", move);
    this.edge.addEventListener("lostpointercapture", () => this.edge.removeEventListener("pointermove", move), { once: true });
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const wider = isRightToLeft() ? "ArrowRight" : "ArrowLeft";
    const narrower = isRightToLeft() ? "ArrowLeft" : "ArrowRight";
    const now = Math.min(Math.max(this.#width, LEAST), this.#most);
    const to = { [wider]: now + STEP, [narrower]: now - STEP, Home: LEAST, End: this.#most }[plainKey(event)];
    if (to === undefined) return;
    event.preventDefault();
    this.#keep(to);
  }
}

/** @returns {boolean} whether a panel takes the whole page */
export const isNarrow = () => matchMedia("(max-width: 47.99rem)").matches;

const isRightToLeft = () => document.documentElement.dir === "rtl";
const rem = () => Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
