import { ApiError } from "../../client/api.js";

/** @typedef {Record<string, any>} Slots the elements of a clone by their data-slot; what they are is written in the template */

/**
 * @param {string} id
 * @returns {any} the element; it is an error of ours if it is missing
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element #${id}`);
  return element;
}

/**
 * A copy of `<template id="<name>-template">`.
 *
 * @param {string} name
 * @returns {{root: any, slots: Slots}}
 */
export function clone(name) {
  const template = /** @type {HTMLTemplateElement} */ (byId(`${name}-template`));
  const root = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  /** @type {Slots} */
  const slots = {};
  if (root.dataset.slot) slots[root.dataset.slot] = root;
  for (const element of root.querySelectorAll("[data-slot]")) slots[element.getAttribute("data-slot") ?? ""] = element;
  return { root, slots };
}

/**
 * Text of an element, written only when it differs, so that selections and screen readers are left in peace.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} use a <use> of templates/icons.html @param {string} name */
export function setIcon(use, name) {
  const href = `#icon-${name}`;
  if (use.getAttribute("href") !== href) use.setAttribute("href", href); // the same one would be drawn anew
}

/**
 * `work` once in the next frame, however often it is asked for; without frames (a hidden page) a little later.
 *
 * @param {() => void} work
 * @param {number} [rest] milliseconds from one time to the next: the first is done at once, what comes in a flood is gathered
 * @returns {() => void}
 */
export function everyFrame(work, rest = 0) {
  let planned = false;
  let last = -Infinity;
  const run = () => {
    planned = false;
    last = performance.now();
    work();
  };
  return () => {
    if (planned) return;
    planned = true;
    const wait = last + rest - performance.now();
    if (document.visibilityState !== "visible") setTimeout(run, 250);
    else if (wait > 0) setTimeout(() => requestAnimationFrame(run), wait);
    else requestAnimationFrame(run);
  };
}

/**
 * What `make` makes, made at the first call; at the next one if it failed. A module that could not be fetched is an
 * ApiError without an answer, as anything else that could not be.
 *
 * @template T
 * @param {() => Promise<T>} make
 * @returns {() => Promise<T>}
 */
export function once(make) {
  /** @type {Promise<T> | undefined} */
  let made;
  return () => {
    made ??= make().catch((error) => {
      made = undefined;
      throw error instanceof TypeError && /module/i.test(error.message) ? new ApiError(0, {}) : error;
    });
    return made;
  };
}

/** Whether somebody looks at the page: it is visible, and has the focus. */
export function isLookedAt() {
  return document.visibilityState === "visible" && document.hasFocus();
}

/** @param {EventTarget | null} target whether keys that it gets are somebody writing */
export function isWriting(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
