/** @import {KeyValueStorage} from "./outbox.js" */

/**
 * What this browser keeps of a member: drafts, edits in progress, messages being sent, and the layout of the page. It is
 * removed when the member signs out, unless they declared at sign-in that the device is their own.
 */

const PREFIX = "parley:";
const OWN = "parley:own-device"; // "yes" after the member declared it at sign-in; holds for the browser
const LEAVING = "parley:leaving"; // "yes" while a sign-out is in progress, after which everything is removed
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

/** @param {KeyValueStorage} storage @returns {number} the number of texts that exist in this browser only: unsent messages, drafts, edits in progress */
export function countUnsaved(storage) {
  return keysOf(storage).filter((key) => WRITTEN.test(key)).length;
}

/** Remember that a sign-out is in progress. @param {KeyValueStorage} storage */
export function beginLeaving(storage) {
  if (!isOwnDevice(storage)) storage.setItem(LEAVING, "yes");
}

/** The sign-out did not happen: the member is still signed in. @param {KeyValueStorage} storage */
export function stay(storage) {
  storage.removeItem(LEAVING);
}

/**
 * Nobody is signed in: remove what is kept, if a sign-out was in progress. The mark is removed last, and its change notifies
 * the other tabs.
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
 * Wrap a storage so that it can be closed. A page that is being left would otherwise write its drafts once more after they
 * were removed.
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
