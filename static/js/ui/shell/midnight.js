import { serverClock } from "../../client/clock.js";
import { refreshTimes, today } from "../lib/format.js";

const LOOK = 60_000; // milliseconds between two checks of the clock, because timers stop while a machine sleeps
const PAST = 50; // milliseconds after midnight: timers may fire a little early

/** @type {Set<() => void>} */
const observers = new Set();
let shown = today();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {() => void} observer called when another day has begun */
export const observeDay = (observer) => observers.add(observer);

/** Keep words such as "Today" and "Yesterday" correct: at local midnight, and when the page or the machine wakes. */
export function watchDay() {
  for (const name of ["focus", "pageshow"]) window.addEventListener(name, look);
  for (const name of ["visibilitychange", "resume"]) document.addEventListener(name, look);
  look();
}

function look() {
  clearTimeout(timer);
  timer = setTimeout(look, Math.min(LOOK, untilMidnight() + PAST));
  const now = today();
  if (now === shown) return;
  shown = now;
  refreshTimes();
  for (const observer of observers) observer();
}

/** @returns {number} milliseconds */
function untilMidnight() {
  const now = serverClock.calendar();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime() - now.getTime();
}
