/** @import {App} from "./app.js" */

const AWAY = 5 * 60_000; // milliseconds without input
const EVERY = 10_000; // milliseconds between two checks

/** Send the member's presence: "away" after some time without input, "online" at the next input. @param {App} app */
export function watchIdleness({ client }) {
  let last = performance.now();
  let away = false;
  const look = () => {
    const now = performance.now() - last > AWAY;
    if (now === away) return;
    if (client.stream.socket.send({ op: "presence", state: now ? "away" : "online" })) away = now;
  };
  const onInput = () => {
    last = performance.now();
    if (away) look();
  };
  for (const name of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"]) {
    window.addEventListener(name, onInput, { passive: true, capture: true });
  }
  client.stream.observe((status) => status === "live" && (away = false)); // the server takes the client of a new socket as online
  setInterval(look, EVERY);
}
