/** @import {Store} from "./store.js" */
/** @import {Status} from "./types.js" */

/** Which status a member shows, and until when: without a document, like all of client/. */

const SECOND = 1_000; // milliseconds
const MINUTE = 60 * SECOND;
const QUARTER = 15 * MINUTE; // time zones differ by multiples of it

/**
 * @param {Store} store
 * @param {string} member
 * @param {number} now the server's time in milliseconds
 * @returns {Status | undefined} what the member shows; undefined if they have cleared it, if it has ended, or if they are deactivated
 */
export function statusOf(store, member, now) {
  const status = store.entities.statuses.get(member);
  if (!status || !(status.text || status.emoji) || endsAt(status) <= now) return undefined;
  return store.members.get(member)?.deactivated_at ? undefined : status;
}

/** @param {Store} store @param {number} now as above @returns {number} when the next status ends, in milliseconds; Infinity if none does */
export function nextEnd({ entities }, now) {
  let next = Infinity;
  for (const status of entities.statuses.values()) {
    const end = endsAt(status);
    if (end > now && end < next) next = end;
  }
  return next;
}

/**
 * @param {string} choice "never", "today", or a number of minutes
 * @param {number} now the server's time in milliseconds
 * @param {Date} calendar the device's time, whose day "today" is
 * @returns {string | null} when a status that is set now ends; null for never
 */
export function endOf(choice, now, calendar) {
  if (choice === "never") return null;
  const end = choice === "today" ? endOfDay(now, calendar) : now + Number(choice) * MINUTE;
  return new Date(end).toISOString();
}

/**
 * The last second of the day. Where the clock of the device was shifted instead of its time zone, that day ends earlier or
 * later by whole quarters of an hour; any smaller difference to the server's time is an error of the clock and is left out.
 *
 * @param {number} now
 * @param {Date} calendar
 */
function endOfDay(now, calendar) {
  const midnight = new Date(calendar.getFullYear(), calendar.getMonth(), calendar.getDate() + 1).getTime();
  const shift = Math.round((now - calendar.getTime()) / QUARTER) * QUARTER;
  return midnight + shift - SECOND;
}

/** @param {Status} status */
function endsAt({ until }) {
  return until ? Date.parse(until) : Infinity;
}
