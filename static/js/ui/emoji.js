import { byId } from "./dom.js";
import { plainKey } from "./keys.js";
import { openMenu } from "./menu.js";

/**
 * Let somebody choose an emoji beside `origin`.
 *
 * @param {HTMLElement} origin
 * @param {(emoji: string) => void} chosen
 */
export function pickEmoji(origin, chosen) {
  const picker = byId("emoji-picker");
  const input = /** @type {HTMLInputElement} */ (picker.querySelector("input"));
  const emojis = [...picker.querySelectorAll(".emoji")].map((one) => /** @type {HTMLElement} */ (one));
  const filter = () => {
    const words = input.value.trim().toLowerCase();
    for (const emoji of emojis) emoji.hidden = !(emoji.getAttribute("aria-label") ?? "").includes(words);
  };
  const choose = (/** @type {HTMLElement | undefined} */ emoji) => {
    if (!emoji) return;
    picker.hidePopover();
    chosen(emoji.dataset.emoji ?? "");
  };
  input.value = "";
  filter();
  input.oninput = filter;
  picker.onclick = (/** @type {MouseEvent} */ event) => {
    choose(/** @type {HTMLElement | undefined} */ (/** @type {Element} */ (event.target).closest(".emoji") ?? undefined));
  };
  openMenu(picker, origin, { focus: input });
  picker.onkeydown = (/** @type {KeyboardEvent} */ event) => {
    if (plainKey(event) === "Enter" && event.target === input) {
      event.preventDefault(); // else the rest of the press acts on what has the focus then
      choose(emojis.find((one) => !one.hidden));
    } else moveInGrid(emojis.filter((one) => !one.hidden), input, event);
  };
}

/** @param {HTMLElement[]} emojis @param {HTMLElement} input @param {KeyboardEvent} event */
function moveInGrid(emojis, input, event) {
  const index = emojis.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const columns = emojis.filter((one) => one.offsetTop === emojis[0]?.offsetTop).length;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: index < 0 ? 1 : columns, ArrowUp: -columns };
  const step = steps[/** @type {keyof steps} */ (plainKey(event))];
  if (step === undefined || (index < 0 && event.key !== "ArrowDown")) return;
  event.preventDefault();
  (emojis[index + step] ?? (index + step < 0 ? input : emojis[index]))?.focus();
}
