/** What a browser remembers of how its member writes: whether the formatting tools are always shown, and how much was sent. */

const FORMATTING = "parley:formatting"; // in localStorage: "shown" if the member wants the tools at all times
const SENT = "parley:messages-sent"; // in localStorage: how many messages were sent, up to LEARNT
const LEARNT = 10; // messages after which a member knows which key sends

/** Show the formatting tools at all times, or not. CSS reads it, so that all fields follow, and those that are made later. */
export function applyFormattingChoice() {
  document.documentElement.toggleAttribute("data-formatting", localStorage.getItem(FORMATTING) === "shown");
}

/** @returns {boolean} whether the formatting tools are shown at all times */
export const showsFormatting = () => document.documentElement.hasAttribute("data-formatting");

/** @param {boolean} shown */
export function chooseFormatting(shown) {
  document.documentElement.toggleAttribute("data-formatting", shown);
  keep(FORMATTING, shown ? "shown" : "");
}

/** @returns {boolean} whether the composer still says which key sends */
export const needsHint = () => sent() < LEARNT;

/** Count a message that was sent. */
export function countSent() {
  if (needsHint()) keep(SENT, String(sent() + 1));
}

function sent() {
  return Number(localStorage.getItem(SENT)) || 0;
}

/** @param {string} key @param {string} value */
function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage is full or forbidden: the choice holds as long as the page is open.
  }
}
