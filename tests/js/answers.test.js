import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { PROOFS, REFUSALS } from "../../static/js/client/answers.js";
import { Api, ApiError } from "../../static/js/client/api.js";
import { answer, conversation, everything, FakeClock, ME, me, member, message, participant, response } from "./support.js";

const BASE = "/o/acme/api/v1/";
const view = (fields = {}) => ({ ...conversation(fields), participant: participant(), participant_count: 2, unread_count: 0, ...fields });
const page = (...results) => ({ results, next: null });
const REF = "6f1c1f4e-7f0b-4c57-9d5a-0d4bb0a7f5a1";
const report = { id: "report-1", message: "message-1", reason: "spam", version: 1 };
const read = (id) => ({ id, version: 2, acknowledged_at: "2026-03-01T09:00:00Z" });
const thumbs = message({ seq: 1, reactions: [{ emoji: "👍", members: [ME] }] });

/**
 * A request to each address and what proves that it was answered: path, body, answer, and answers of the right kind that
 * belong to something else.
 */
/** @type {Record<string, [string, any, any, any[]]>} */
const SAMPLES = {
  "GET sync": [
    "sync?cursor=c1",
    undefined,
    everything([1, 2]),
    [
      { ...answer(), cursor: undefined },
      { ...answer(), messages: {} },
      { ...answer(), me: null },
      { ...answer(), removed: null },
    ],
  ],
  "GET me": ["/api/v1/me", undefined, { id: "user", organizations: [{ slug: "acme", name: "Acme" }] }, [{ organizations: {} }]],
  "GET members": ["members?q=bob", undefined, page(member()), [page({ id: "x" })]],
  "GET members/*": ["members/member-bob", undefined, member(), [me()]],
  "POST members/*/sanctions/*/acknowledge": [
    "members/me/sanctions/sanction-1/acknowledge",
    undefined,
    read("sanction-1"),
    [read("sanction-2"), { ...read("sanction-1"), acknowledged_at: null }],
  ],
  "POST members/*/reports/*/acknowledge": [
    "members/me/reports/report-1/acknowledge",
    undefined,
    read("report-1"),
    [read("report-2"), report],
  ],
  "PATCH members/*": [
    "members/me",
    { preferences: { theme: "dark" } },
    { ...me(), preferences: { theme: "dark" } },
    [{ ...me(), preferences: { theme: "light" } }, me()],
  ],
  "PUT members/*/status": ["members/me/status", { text: "Lunch" }, { member: ME, text: "Lunch", emoji: "", version: 1 }, [me()]],
  "DELETE members/*/status": ["members/me/status", undefined, null, [me()]],
  ...Object.fromEntries(
    ["report", "sanction"].map((noun) => [
      `POST members/*/${noun}s/*/acknowledge`,
      [
        `members/me/${noun}s/${noun}-1/acknowledge`,
        undefined,
        { id: `${noun}-1`, version: 2, acknowledged_at: "2026-03-01T09:00:00Z" },
        [
          { id: `${noun}-1`, version: 2, acknowledged_at: null },
          { id: "other", version: 2, acknowledged_at: "2026-03-01T09:00:00Z" },
        ],
      ],
    ]),
  ),
  "GET presence": ["presence", undefined, page({ member: ME, state: "online" }), [page({ member: ME })]],
  "GET mentions": ["mentions", undefined, page(message({ seq: 1 })), [page(member())]],
  "GET search": ["search?q=x", undefined, page(message({ seq: 1 })), [page(member())]],
  "GET clients": ["clients", undefined, page({ id: "client-1", platform: "web" }), [page({ id: "client-1" })]],
  "POST clients": ["clients", { platform: "web" }, { id: "client-1", tag: 0 }, [{ id: "client-1" }, { tag: 0 }, { id: 1, tag: 0 }]],
  "POST clients/*/sign-out": ["clients/client-1/sign-out", undefined, null, []],
  "GET conversations": ["conversations?browse=true", undefined, page(view()), [page(member())]],
  "POST conversations": [
    "conversations",
    { kind: "direct", members: ["member-bob"] },
    view({ kind: "direct", people: ["member-bob", ME] }),
    [view({ kind: "direct", people: ["member-dora", ME] }), view()],
  ],
  "GET conversations/*": ["conversations/general", undefined, view(), [view({ id: "other" })]],
  "PATCH conversations/*": [
    "conversations/general",
    { archived: false },
    view(),
    [view({ id: "other" }), view({ archived_at: "2026-03-01T09:00:00Z" })],
  ],
  "POST conversations/*/archive": ["conversations/general/archive", {}, view({ archived_at: "2026-03-01T09:00:00Z" }), [view()]],
  "POST conversations/*/join": ["conversations/general/join", undefined, view(), [view({ participant: null }), view({ id: "other" })]],
  "POST conversations/*/leave": ["conversations/general/leave", undefined, null, [view()]],
  "POST conversations/*/preview": ["conversations/general/preview", { text: "x" }, { html: "<p>x</p>" }, [{ html: null }]],
  "GET conversations/*/pins": [
    "conversations/general/pins",
    undefined,
    page(message({ seq: 1 })),
    [page(message({ seq: 1, conversation: "other" }))],
  ],
  "GET conversations/*/messages": [
    "conversations/general/messages?before=9",
    undefined,
    page(message({ seq: 1 })),
    [page(message({ seq: 1, conversation: "other" }))],
  ],
  "POST conversations/*/messages": [
    "conversations/general/messages",
    { ref: REF, text: "x" },
    message({ seq: 1, ref: REF.toUpperCase() }),
    [
      message({ seq: 1 }),
      message({ seq: 1, ref: "another" }),
      message({ seq: 1, ref: REF, conversation: "other" }),
      { ...message({ seq: 1, ref: REF }), id: "" },
    ],
  ],
  "PUT conversations/*/read": [
    "conversations/general/read",
    { seq: 5 },
    participant({ read_seq: 7 }),
    [participant({ read_seq: 4 }), participant({ read_seq: 7, conversation: "other" }), participant({ read_seq: undefined })],
  ],
  "GET conversations/*/participants": [
    "conversations/general/participants",
    undefined,
    page(participant()),
    [page(participant({ conversation: "other" }))],
  ],
  "POST conversations/*/participants": [
    "conversations/general/participants",
    { member: "member-bob" },
    participant({ member: "member-bob" }),
    [participant()],
  ],
  "GET conversations/*/participants/*": [
    "conversations/general/participants/member-bob",
    undefined,
    participant({ member: "member-bob" }),
    [participant()],
  ],
  "PATCH conversations/*/participants/*": [
    `conversations/general/participants/${ME}`,
    { muted: true },
    participant({ muted: true }),
    [participant(), participant({ muted: true, member: "member-bob" })],
  ],
  "DELETE conversations/*/participants/*": ["conversations/general/participants/member-bob", undefined, null, [participant()]],
  "GET messages/*": ["messages/message-1", undefined, message({ seq: 1 }), [message({ seq: 2 })]],
  "PATCH messages/*": [
    "messages/message-1",
    { text: "new", version: 3 },
    message({ seq: 1, text: "new", version: 4 }),
    [message({ seq: 1, version: 3 }), message({ seq: 2, version: 4 })],
  ],
  "DELETE messages/*": ["messages/message-1", undefined, null, [message({ seq: 1 })]],
  "GET messages/*/thread": ["messages/message-1/thread", undefined, page(message({ seq: 1 })), [page(member())]],
  "GET messages/*/revisions": ["messages/message-1/revisions", undefined, page({ version: 1, text: "before" }), [page({ text: "before" })]],
  "GET messages/*/receipts": [
    "messages/message-1/receipts",
    undefined,
    { delivered: [{ member: ME }], read: [ME], more: false },
    [{ delivered: [], read: null }],
  ],
  "GET messages/*/original": ["messages/message-1/original", undefined, { text: "hidden" }, [{ text: 1 }]],
  "POST messages/*/report": [
    "messages/message-1/report",
    { reason: "spam" },
    report,
    [
      { ...report, message: "message-2" },
      { ...report, reason: "other" },
    ],
  ],
  "PUT messages/*/reactions/*": [
    `messages/message-1/reactions/${encodeURIComponent("👍️")}`,
    undefined,
    thumbs,
    [message({ seq: 1 }), { ...thumbs, id: "message-2" }],
  ],
  "DELETE messages/*/reactions/*": [`messages/message-1/reactions/${encodeURIComponent("👍")}`, undefined, null, [thumbs]],
  "PUT messages/*/pin": [
    "messages/message-1/pin",
    undefined,
    message({ seq: 1, pinned_at: "2026-03-01T09:00:00Z" }),
    [message({ seq: 1 })],
  ],
  "DELETE messages/*/pin": ["messages/message-1/pin", undefined, null, [message({ seq: 1 })]],
};

const html = (status) => new Response("<html>Sign in to this network</html>", { status, headers: { "Content-Type": "text/html" } });
const json = (body, status = 200) => new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

/** A proxy or a portal between a client and its server may answer instead of the server. */
const FAKES = {
  "{}": () => json({}),
  "[]": () => json([]),
  null: () => json(null),
  true: () => json(true),
  7: () => json(7),
  '"ok"': () => json("ok"),
  "an empty list without next": () => json({ results: [] }),
  "a list of null": () => json({ results: [null], next: null }),
  "a list of portals": () => json({ results: [{ id: "portal", version: 1 }], next: null }),
  "a portal's own JSON": () => json({ status: "ok", id: "portal", version: 1, next: null }),
  "a page": () => html(200),
  "nothing at all": () => new Response("", { status: 200 }),
  "a redirect that is not followed": () => ({
    status: 0,
    ok: false,
    type: "opaqueredirect",
    headers: new Headers(),
    json: async () => null,
  }),
  304: () => new Response(null, { status: 304 }),
  511: () => html(511),
  ...Object.fromEntries(
    [400, 401, 403, 404, 405, 409, 410, 413, 422, 451].flatMap((status) => [
      [`a page with ${status}`, () => html(status)],
      [`JSON with ${status}`, () => json({ detail: "Sign in to this network.", code: "portal" }, status)],
      [`problem details with ${status} and a code that is not the server's`, () => response({ code: "portal" }, status)],
    ]),
  ),
};

const CUT_OFF = ["null", "nothing at all"]; // what may as well be a connection that broke

function apiWith(answers, clock = new FakeClock()) {
  const requests = [];
  const fetch = async (_, options) => {
    requests.push(options);
    const next = answers.length > 1 ? answers.shift() : answers[0];
    return next(options);
  };
  return { api: new Api({ base: BASE, csrfToken: () => "token", fetch, clock }), clock, requests };
}

/** What the server answers, with the header that it gives back. */
const genuine = (body) => (options) => response(body, body === null ? 204 : 200, { "Parley-Request": options.headers["Parley-Request"] });
const stripped = (body) => () => response(body, body === null ? 204 : 200);

/** One request; reads and idempotent writes are repeated by themselves, and get the same answer again. */
async function ask(row, { api, clock }) {
  const [path, body] = SAMPLES[row];
  const [method] = row.split(" ");
  const asked = path.startsWith("sync") ? api.sync("c1").then((found) => found.answer) : api.request(method, path, body);
  const settled = asked.then(
    (found) => ({ found }),
    (error) => ({ error }),
  );
  await clock.advance(60_000);
  return settled;
}

test("every address in the table has a sample here", () => {
  assert.deepEqual(Object.keys(SAMPLES).sort(), Object.keys(PROOFS).sort());
});

test("every call of the API in the page is in the table", () => {
  const source = ["client", "ui"].flatMap((folder) => {
    const at = new URL(`../../static/js/${folder}/`, import.meta.url);
    const files = readdirSync(at, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"));
    return files.map((file) => readFileSync(new URL(file, at), "utf8"));
  });
  const calls = source.flatMap((text) => [
    ...text.matchAll(/\bapi\.(get|post|put|patch|delete|list)\(\s*(?:`([^`]*)`|"([^"]*)"|(\w[\w.#? "]*))/g),
  ]);
  assert.ok(calls.length > 30, "the pattern finds them");
  for (const [call, verb, template, literal, name] of calls) {
    if (name) continue; // the address of a next page, or one that is put together beside the call
    const path = (template ?? literal).replace(/^.*\/api\/v1\//, "").split("?")[0];
    const row = path
      .split("/")
      .map((one, index) => (index % 2 ? "\\*" : one.replace(/\$\{\w+\}/, "\\w+")))
      .join("/");
    const wanted = new RegExp(`^${verb === "list" ? "GET" : verb.toUpperCase()} ${row}$`);
    assert.ok(
      Object.keys(PROOFS).some((one) => wanted.test(one)),
      `no proof is declared for ${call}`,
    );
  }
});

test("an address without a row in the table is believed with the header alone", async () => {
  assert.deepEqual(await apiWith([genuine({ sun: 1 })]).api.post("weather", {}), { sun: 1 });
  await assert.rejects(apiWith([stripped({ sun: 1 })]).api.post("weather", {}), { status: 0, code: "portal" });
});

for (const [row, [, , good, others]] of Object.entries(SAMPLES)) {
  test(`${row}: what the server answers is believed, with the header and where a proxy takes it away`, async () => {
    for (const answered of [genuine(good), stripped(good)]) {
      const { found, error } = await ask(row, apiWith([answered]));
      assert.equal(error, undefined);
      assert.deepEqual(found, good);
    }
  });

  test(`${row}: nothing else is an answer`, async () => {
    /** @type {Record<string, () => unknown>} */
    const fakes = { ...FAKES, ...Object.fromEntries(others.map((other, index) => [`another answer ${index}`, () => json(other)])) };
    if (good !== null) fakes.nothing = () => new Response(null, { status: 204 });
    for (const [what, fake] of Object.entries(fakes)) {
      const { found, error } = await ask(row, apiWith([fake]));
      assert.equal(found, undefined, `${what} was believed`);
      assert.ok(error instanceof ApiError, what);
      assert.deepEqual([error.status, error.passing], [0, true], what);
      assert.equal(error.code, CUT_OFF.includes(what) ? "unreachable" : "portal", what);
    }
  });

  test(`${row}: an answer to an earlier request, or without the header that came before, is none`, async () => {
    for (const stale of [() => response(good, good === null ? 204 : 200, { "Parley-Request": "an-earlier-request" }), stripped(good)]) {
      const tab = apiWith([genuine(page()), stale]);
      await tab.api.get("members");
      const { found, error } = await ask(row, tab);
      assert.equal(found, undefined);
      assert.deepEqual([error.status, error.code], [0, "portal"]);
    }
  });
}

for (const [code, status] of Object.entries(REFUSALS)) {
  test(`${code} is a refusal with its status alone, as problem details, and not from an earlier request`, async () => {
    const problem = { code, detail: "No." };
    const refusal = await ask("GET messages/*", apiWith([() => response(problem, status)]));
    assert.deepEqual([refusal.error.status, refusal.error.code, refusal.error.message], [status, code, "No."]);
    const wrongs = [
      () => json(problem, status),
      () => response(problem, 418),
      () => response(problem, status, { "Parley-Request": "an-earlier-request" }),
    ];
    for (const wrong of wrongs) {
      const { error } = await ask("GET messages/*", apiWith([wrong]));
      assert.ok(error.passing);
      assert.notEqual(error.code, code);
    }
  });
}

test("every request has a text of its own in the header", async () => {
  const { api, requests } = apiWith([genuine(page())]);
  await api.get("members");
  await api.get("members");
  const sent = requests.map(({ headers }) => headers["Parley-Request"]);
  assert.equal(new Set(sent).size, 2);
  for (const one of sent) assert.match(one, /^[A-Za-z0-9._-]{8,64}$/);
  assert.ok(
    requests.every(({ redirect }) => redirect === "manual"),
    "a redirect leads to another server",
  );
});

test("a server that cannot be reached is distinguished from a portal", async () => {
  for (const status of [408, 429, 500, 502, 503, 504]) {
    const { error } = await ask("POST clients", apiWith([() => html(status)]));
    assert.deepEqual([error.status, error.code, error.passing, error.retryAfter], [status, "unknown", true, null]);
  }
});

test("a wait that a portal asks for is not kept", async () => {
  const { error } = await ask("POST clients", apiWith([() => new Response("{}", { status: 429, headers: { "Retry-After": "86400" } })]));
  assert.equal(error.retryAfter, null);
});
