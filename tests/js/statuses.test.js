/** Which status is shown, until when, and when a new one ends. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { endOf, nextEnd, statusOf } from "../../static/js/client/statuses.js";
import { Store } from "../../static/js/client/store.js";
import { event, ME, member } from "./support.js";

const MINUTE = 60_000;
const NOW = Date.parse("2026-03-01T09:00:00Z");
const BOB = "member-bob";
const at = (/** @type {number} */ minutes) => new Date(NOW + minutes * MINUTE).toISOString();
const status = (fields = {}) => ({ member: BOB, text: "Lunch", emoji: "🍴", until: null, version: 1, ...fields });

/** @param {...ReturnType<typeof status>} statuses */
function storeWith(...statuses) {
  const store = new Store(ME);
  store.putMember(member({ id: BOB, version: 1 }));
  for (const one of statuses) store.apply(event("status.updated", one));
  return store;
}

test("a status is shown until it is cleared", () => {
  const store = storeWith(status());
  assert.equal(statusOf(store, BOB, NOW)?.text, "Lunch");
  store.apply(event("status.updated", status({ text: "", emoji: "", version: 2 })));
  assert.equal(statusOf(store, BOB, NOW), undefined);
  assert.equal(statusOf(store, "nobody", NOW), undefined);
});

test("an emoji alone is a status, and so is a text alone", () => {
  for (const fields of [{ text: "" }, { emoji: "" }]) assert.ok(statusOf(storeWith(status(fields)), BOB, NOW));
});

test("a status is over from its end on, though no event came", () => {
  const store = storeWith(status({ until: at(30) }));
  assert.ok(statusOf(store, BOB, NOW + 30 * MINUTE - 1));
  assert.equal(statusOf(store, BOB, NOW + 30 * MINUTE), undefined);
});

test("a deactivated member shows none", () => {
  const store = storeWith(status());
  store.putMember(member({ id: BOB, version: 2, deactivated_at: at(-1) }));
  assert.equal(statusOf(store, BOB, NOW), undefined);
});

test("the next end is the first of those to come", () => {
  const ends = [-5, 90, 30, null].map((end, index) => status({ member: `member-${index}`, until: end === null ? null : at(end) }));
  assert.equal(nextEnd(storeWith(...ends), NOW), NOW + 30 * MINUTE);
  assert.equal(nextEnd(storeWith(...ends), NOW + 90 * MINUTE), Infinity);
});

test("a choice of minutes counts from the server's time, whatever the device's clock says", () => {
  const wrong = new Date(NOW + 400 * 24 * 60 * MINUTE);
  assert.equal(endOf("30", NOW, wrong), at(30));
  assert.equal(endOf("never", NOW, wrong), null);
});

/** @param {number} skew minutes by which the device is ahead of the server @returns {number} minutes from the end of "today" to the device's midnight */
function untilMidnight(skew) {
  const calendar = new Date(2026, 2, 1, 22, 10);
  const end = Date.parse(endOf("today", calendar.getTime() - skew * MINUTE, calendar) ?? "");
  return (new Date(2026, 2, 2).getTime() - end) / MINUTE;
}

test("today ends with the last second of the device's day", () => {
  for (const skew of [0, 1, -1, 7, -7]) assert.equal(untilMidnight(skew), 1 / 60, `the clock is off by ${skew} minutes`);
});

test("today ends with the device's day where its clock was shifted instead of its time zone", () => {
  for (const shift of [120, -330]) assert.equal(untilMidnight(shift + 1), shift + 1 / 60);
});

test("today has the length of the day on which the clocks change", () => {
  const calendar = new Date(2026, 2, 29, 0, 30);
  assert.equal(endOf("today", calendar.getTime(), calendar), new Date(new Date(2026, 2, 30).getTime() - 1_000).toISOString());
});
