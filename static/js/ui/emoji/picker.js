/** @import {Emoji} from "./data.js" */

import { ApiError } from "../../client/api.js";
import { byId, setText } from "../lib/dom.js";
import { gettext } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { openMenu } from "../lib/menu.js";
import { explain } from "../lib/toast.js";
import { findEmojis, GROUPS, keepSkinTone, loadEmojis, recentEmojis, rememberEmoji, skinTone, toned } from "./data.js";

const MOST_FOUND = 90;
const HAND = { emoji: "✋", way: "1" }; // the button that shows the chosen skin tone

/** @type {WeakMap<Element, Emoji>} the emoji of a button */
const meanings = new WeakMap();

/**
 * Open the emoji picker beside `origin`. It must be within an open dialog to be usable there: everything else is inert.
 *
 * @param {HTMLElement} origin
 * @param {(emoji: string) => void} chosen
 */
export function pickEmoji(origin, chosen) {
  const picker = byId("emoji-picker");
  const home = origin.closest("dialog") ?? byId("main");
  if (picker.parentElement !== home) home.append(picker);
  const input = /** @type {HTMLInputElement} */ (picker.querySelector("input"));
  const tone = /** @type {HTMLButtonElement} */ (picker.querySelector("[data-tone]"));
  const choose = (/** @type {Element | null | undefined} */ button) => {
    const emoji = button && meanings.get(button);
    if (!emoji) return;
    rememberEmoji(emoji);
    picker.hidePopover();
    chosen(toned(emoji));
  };
  let shown = Promise.resolve();
  const search = () => {
    shown = show(input);
  };
  input.value = "";
  input.oninput = search;
  tone.onclick = () => {
    keepSkinTone((skinTone() + 1) % 6);
    search();
  };
  picker.onclick = (/** @type {MouseEvent} */ event) => choose(/** @type {Element} */ (event.target).closest(".emoji"));
  openMenu(picker, origin, { focus: input });
  search();
  picker.onkeydown = (/** @type {KeyboardEvent} */ event) => {
    if (plainKey(event) === "Enter" && event.target === input) {
      event.preventDefault(); // otherwise the key press would act on the element that gets the focus
      // The list may still be loading: choose the first match of the typed words when it is there.
      void shown.then(() => picker.matches(":popover-open") && choose(picker.querySelector(".emoji")));
    } else moveInGrids(picker, input, event);
  };
}

/** @param {HTMLInputElement} input show the emoji that match its words, after the list is loaded */
async function show(input) {
  const body = byId("emoji-body");
  const status = byId("emoji-status");
  const tone = byId("emoji-picker").querySelector("[data-tone]");
  tone.textContent = toned(/** @type {Emoji} */ (HAND));
  try {
    const emojis = await loadEmojis();
    const words = input.value.trim().toLowerCase().replace(/^:|:$/g, "");
    const found = words ? findEmojis(emojis, words, MOST_FOUND) : [];
    const groups = words ? [{ name: gettext("Found"), emojis: found }] : everything(emojis);
    body.replaceChildren(...groups.filter((group) => group.emojis.length).map(section));
    body.scrollTop = 0;
    setText(status, words && found.length === 0 ? gettext("No emoji by that name.") : "");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    setText(status, explain(error));
  }
}

/** @param {Emoji[]} emojis */
function everything(emojis) {
  const groups = [...GROUPS].map(([number, name]) => ({ name, emojis: emojis.filter(({ group }) => group === number) }));
  return [{ name: gettext("Used lately"), emojis: recentEmojis() }, ...groups];
}

/** @param {{name: string, emojis: Emoji[]}} group */
function section({ name, emojis }) {
  const root = document.createElement("section");
  const heading = document.createElement("h3");
  const grid = document.createElement("div");
  heading.textContent = name;
  grid.className = "emoji-grid";
  grid.append(...emojis.map(button));
  root.className = "emoji-section";
  root.setAttribute("aria-label", name);
  root.append(heading, grid);
  if (grid.firstElementChild instanceof HTMLElement) grid.firstElementChild.tabIndex = 0; // the others are reached with arrow keys
  return root;
}

/** @param {Emoji} emoji */
function button(emoji) {
  const made = document.createElement("button");
  made.type = "button";
  made.tabIndex = -1;
  made.className = "emoji";
  made.textContent = made.dataset.emoji = toned(emoji);
  made.title = `${emoji.name} :${emoji.codes[0]}:`;
  made.setAttribute("aria-label", emoji.name);
  meanings.set(made, emoji);
  return made;
}

/** @param {HTMLElement} picker @param {HTMLElement} input @param {KeyboardEvent} event */
function moveInGrids(picker, input, event) {
  const grids = [...picker.querySelectorAll(".emoji-grid")];
  const at = grids.findIndex((grid) => grid.contains(document.activeElement));
  const index = [...(grids[at]?.children ?? [])].indexOf(/** @type {Element} */ (document.activeElement));
  const key = plainKey(event);
  if (!/^Arrow/.test(key) || (at < 0 && (key !== "ArrowDown" || event.target !== input))) return;
  event.preventDefault();
  /** @type {HTMLElement} */ (at < 0 ? (grids[0]?.children[0] ?? input) : (neighbour(grids, at, index, key) ?? input)).focus();
}

/**
 * Find the neighbour in the direction of an arrow key. Up and down keep the column, also into the next group.
 *
 * @param {Element[]} grids @param {number} at @param {number} index @param {string} key
 * @returns {Element | null | undefined} none above the first row, where the field is
 */
function neighbour(grids, at, index, key) {
  const grid = /** @type {Element} */ (grids[at]);
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const { children } = grid;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[key] ?? 0;
  if (children[index + step]) return children[index + step];
  const next = grids[at + Math.sign(step)]?.children;
  if (!next) return step > 0 ? children[children.length - 1] : null;
  if (key === "ArrowDown") return next[Math.min(index % columns, next.length - 1)];
  if (key === "ArrowUp") return next[Math.min(next.length - 1 - ((next.length - 1) % columns) + (index % columns), next.length - 1)];
  return step > 0 ? next[0] : next[next.length - 1];
}
