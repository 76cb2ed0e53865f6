/** @import {App} from "./app.js" */

const AWAY = 5 * 60_000; // milliseconds without a key, a press or a move
const EVERY = 10_000; // milliseconds between two looks

/** Tells the server when nobody is at this client any more, and when somebody is back. @param {App} app */
export function watchIdleness({ client }) {
  let last = performance.now();
  let away = false;
  const look = () => {
    const now = performance.now() - last > AWAY;
    if (now === away) return;
    if (client.stream.socket.send({ op: "presence", state: now ? "away" : "online" })) away = now;
  };
  const stir = () => {
    last = performance.now();
    if (away) look();
  };
  for (const name of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"]) {
    window.addEventListener(name, stir, { passive: true, capture: true });
  }
  client.stream.observe((status) => status === "live" && (away = false)); // a new socket counts as somebody there
  setInterval(look, EVERY);
}
