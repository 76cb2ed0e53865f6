import { ApiError } from "../../client/api.js";

/** @typedef {Record<string, any>} Slots the elements of a clone by their data-slot; their types are those in the template */

/**
 * @param {string} id
 * @returns {any} the element; throws if the template lacks it
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element #${id}`);
  return element;
}

/**
 * Return a copy of `<template id="<name>-template">`.
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
 * Set the text of an element if it differs. Writing the same text would reset selections and be read out again.
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
  if (use.getAttribute("href") !== href) use.setAttribute("href", href); // setting the same icon would draw it again
}

/**
 * Return a function that runs `work` once in the next frame, however often it is called. A hidden page has no frames: there
 * it runs a little later.
 *
 * @param {() => void} work
 * @param {number} [rest] milliseconds between two runs; the first run is not delayed
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
 * Return a function that calls `make` once and returns its result; after a failure the next call tries again. A module that
 * could not be fetched becomes an ApiError with status 0, like any other failed request.
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

/** Whether the member looks at the page: it is visible and has the focus. */
export function isLookedAt() {
  return document.visibilityState === "visible" && document.hasFocus();
}

/** @param {EventTarget | null} target @returns {boolean} whether keys write text there */
export function isWriting(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
