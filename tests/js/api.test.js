import assert from "node:assert/strict";
import { test } from "node:test";

import { Api, ApiError } from "../../static/js/client/api.js";
import { conversation, FakeClock, fakeFetch, member, settle } from "./support.js";

const people = (...ids) => ({ results: ids.map((id) => member({ id })), next: null });

function apiWith(...answers) {
  const clock = new FakeClock();
  const fetch = fakeFetch(...answers);
  const api = new Api({ base: "/o/acme/api/v1/", csrfToken: () => "token", fetch, clock });
  return { api, clock, requests: fetch.requests };
}

test("a read has no body and no token; empty parameters are left out", async () => {
  const { api, requests } = apiWith({ json: people() });
  await api.get("search", { q: "a b", author: "", before: undefined, limit: 0 });
  assert.equal(requests[0].url, "/o/acme/api/v1/search?q=a+b&limit=0");
  assert.equal(requests[0].headers["X-CSRFToken"], undefined);
  assert.equal(requests[0].body, undefined);
});

test("a write is JSON and carries the token", async () => {
  const { api, requests } = apiWith({ status: 201, json: conversation({ id: "new" }) });
  assert.equal((await api.post("conversations", { kind: "public" })).id, "new");
  assert.deepEqual(requests[0].body, { kind: "public" });
  assert.equal(requests[0].headers["Content-Type"], "application/json");
  assert.equal(requests[0].headers["X-CSRFToken"], "token");
});

test("a problem document becomes an ApiError with code, words and fields", async () => {
  const problem = { code: "invalid", title: "Invalid", detail: "Look again.", errors: { name: ["Taken."] } };
  const { api } = apiWith({ status: 422, json: problem });
  await assert.rejects(api.post("conversations", {}), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.status, error.code, error.message, error.errors], [422, "invalid", "Look again.", { name: ["Taken."] }]);
    return !error.passing;
  });
});

test("reads are repeated when no answer comes, writes that are not idempotent never", async () => {
  const { api, clock, requests } = apiWith(new TypeError("network"), { status: 503 }, { json: people("here") });
  const answer = api.get("members");
  await clock.advance(5_000);
  assert.equal((await answer).results[0].id, "here");
  assert.equal(requests.length, 3);

  const once = apiWith(new TypeError("network"));
  await assert.rejects(once.api.post("conversations", {}), { status: 0, code: "unreachable", passing: true });
  assert.equal(once.requests.length, 1);
});

test("after three attempts a read gives up", async () => {
  const { api, clock, requests } = apiWith({ status: 502 });
  const answer = assert.rejects(api.get("members"), { status: 502 });
  await clock.advance(30_000);
  await answer;
  assert.equal(requests.length, 3);
});

test("a refusal is not repeated", async () => {
  const { api, requests } = apiWith({ status: 404, json: { code: "not_found" } });
  await assert.rejects(api.get("conversations/x"), { status: 404, code: "not_found" });
  assert.equal(requests.length, 1);
});

test("a short Retry-After is waited for, a long one is reported to the caller", async () => {
  const often = { status: 429, json: { code: "throttled" } };
  const short = apiWith({ ...often, headers: { "Retry-After": "2" } }, { json: people("ok") });
  const answer = short.api.get("members");
  await short.clock.advance(1_999);
  assert.equal(short.requests.length, 1);
  await short.clock.advance(1);
  assert.equal((await answer).results[0].id, "ok");

  const long = apiWith({ ...often, headers: { "Retry-After": "60" } });
  await assert.rejects(long.api.get("members"), { status: 429, retryAfter: 60_000 });
});

test("a request that is never answered is given up after its timeout", async () => {
  const hang = (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  const { api, clock } = apiWith(hang);
  const failures = [];
  api.post("conversations", {}).catch((error) => failures.push(error.status));
  await clock.advance(14_999);
  assert.deepEqual(failures, []);
  await clock.advance(1);
  await settle();
  assert.deepEqual(failures, [0]);
});

test("an answer that is no JSON is an error of the server, not of the page", async () => {
  const { api } = apiWith(() => new Error("unused"));
  api.fetch = async () => new Response("<html>bad gateway</html>", { status: 500 });
  await assert.rejects(api.post("conversations", {}), (error) => error instanceof ApiError && error.status === 500 && error.passing);
});

test("lists follow next, whatever host the server calls itself", async () => {
  const { api, requests } = apiWith(
    { json: { ...people("one", "two"), next: "https://inner.example/o/acme/api/v1/members?after=b" } },
    { json: people("three") },
  );
  const found = await api.list("members");
  assert.deepEqual(
    found.map(({ id }) => id),
    ["one", "two", "three"],
  );
  assert.equal(requests[1].url, "/o/acme/api/v1/members?after=b");
});
