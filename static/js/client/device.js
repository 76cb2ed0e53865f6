/** @import {KeyValueStorage} from "./outbox.js" */

/**
 * What this browser keeps of a member: drafts, begun edits, messages on their way, and how the page was arranged. It stays
 * after signing out only where somebody said at sign-in that the device is their own.
 */

const PREFIX = "parley:";
const OWN = "parley:own-device"; // "yes": said at sign-in; holds for the browser
const LEAVING = "parley:leaving"; // "yes": somebody signed out, and everything is to be removed when that has happened
const DONE = "done";
const WRITTEN = /^parley:(outbox|draft|edit):/;

/** @param {KeyValueStorage} storage */
export function isOwnDevice(storage) {
  return storage.getItem(OWN) === "yes";
}

/** @param {KeyValueStorage} storage @param {boolean} own */
export function setOwnDevice(storage, own) {
  if (own) storage.setItem(OWN, "yes");
  else storage.removeItem(OWN);
}

/** @param {KeyValueStorage} storage @returns {number} texts that exist in this browser only: unsent messages, drafts, begun edits */
export function countUnsaved(storage) {
  return keysOf(storage).filter((key) => WRITTEN.test(key)).length;
}

/** Somebody is about to sign out. @param {KeyValueStorage} storage */
export function beginLeaving(storage) {
  if (!isOwnDevice(storage)) storage.setItem(LEAVING, "yes");
}

/** They did not: they are still signed in. @param {KeyValueStorage} storage */
export function stay(storage) {
  storage.removeItem(LEAVING);
}

/**
 * Nobody is signed in: remove what is kept, if somebody signed out here. The mark goes last, so that other tabs learn of it.
 *
 * @param {...KeyValueStorage} storages of the browser, of the tab
 */
export function finishLeaving(...storages) {
  if (!storages.some((storage) => storage.getItem(LEAVING) === "yes")) return;
  for (const storage of storages) for (const key of keysOf(storage)) if (key !== LEAVING) storage.removeItem(key);
  for (const storage of storages) {
    storage.setItem(LEAVING, DONE);
    storage.removeItem(LEAVING);
  }
}

/** @param {{key: string | null, newValue: string | null}} event of the storage @returns {boolean} whether another tab has removed everything */
export function hasLeft({ key, newValue }) {
  return key === LEAVING && newValue === DONE;
}

/**
 * The browser's storage, until it is closed: a page that is left writes its drafts once more, and must not after that.
 *
 * @param {KeyValueStorage} storage
 * @returns {KeyValueStorage & {close: () => void}}
 */
export function closable(storage) {
  let closed = false;
  return {
    get length() {
      return storage.length;
    },
    key: (index) => storage.key(index),
    getItem: (key) => storage.getItem(key),
    setItem: (key, value) => void (closed || storage.setItem(key, value)),
    removeItem: (key) => storage.removeItem(key),
    close: () => void (closed = true),
  };
}

/** @param {KeyValueStorage} storage */
function keysOf(storage) {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
  return keys.filter((key) => key.startsWith(PREFIX));
}
