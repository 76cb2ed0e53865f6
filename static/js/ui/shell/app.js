/** @import {Client} from "../../client/client.js" */
/** @import {Store} from "../../client/store.js" */
/** @import {Router} from "./router.js" */

import { SUBPROTOCOL } from "../../client/socket.js";

/**
 * The configuration that Django prints into the page (chat/views.py).
 *
 * @typedef {object} Config
 * @property {string} root "/o/acme/"
 * @property {string} organization its name
 * @property {string} member id of the member who uses the page
 * @property {string} name the member's
 * @property {string[]} rights of the member's role
 * @property {string} csrfCookie
 * @property {number} messageLength
 * @property {number} peopleAtMost in a group message, besides the member
 */

/**
 * What every component receives.
 *
 * @typedef {object} App
 * @property {Client} client
 * @property {Store} store the client's
 * @property {Router} router
 * @property {Config} config
 * @property {(command: string, argument?: unknown) => Promise<void>} run runs a command of commands.js
 */

/** @param {string} path @param {string} query @returns {WebSocket} */
export function openSocket(path, query) {
  const address = new URL(`${path}?${query}`, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  return new WebSocket(address, SUBPROTOCOL);
}

/** @returns {Config} */
export function readConfig() {
  return JSON.parse(document.getElementById("page-data")?.textContent ?? "{}");
}

/** @param {string} name @returns {string} the value of a cookie */
export function cookie(name) {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}
