/** @import {Clock} from "../../static/js/client/clock.js" */
/** @import {Conversation, Member, Message, Participant, SyncAnswer, SyncConversation} from "../../static/js/client/types.js" */

/** Helpers of the tests of the browser client: a clock that stands still, storage in memory, a server with given answers. */

/** Time moves only by `advance`, and chance is always a half. Setting `time` sets the device's clock alone: it jumps. */
export class FakeClock {
  /** @type {Map<unknown, {at: number, call: () => void}>} */
  timers = new Map();

  constructor(start = Date.parse("2026-03-01T09:00:00Z")) {
    this.time = start;
    this.steady = 1_000;
    this.next = 1;
  }

  now = () => this.time;
  monotonic = () => this.steady;
  random = () => 0.5;

  /** @param {() => void} call @param {number} milliseconds @returns {unknown} */
  setTimeout = (call, milliseconds) => {
    this.timers.set(this.next, { at: this.steady + milliseconds, call });
    return this.next++;
  };

  /** @param {unknown} handle */
  clearTimeout = (handle) => void this.timers.delete(handle);

  /** Run every timer of the next `milliseconds`, in order, and let promises settle in between. @param {number} milliseconds */
  async advance(milliseconds) {
    const end = this.steady + milliseconds;
    await settle();
    for (;;) {
      const due = [...this.timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.#moveTo(due[1].at);
      due[1].call();
      await settle();
    }
    this.#moveTo(end);
  }

  /** @param {number} moment */
  #moveTo(moment) {
    const passed = Math.max(0, moment - this.steady);
    this.steady += passed;
    this.time += passed;
  }
}

/** Let every promise that can settle do so: a macrotask comes after all microtasks. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

export class MemoryStorage {
  constructor(entries = {}) {
    this.map = new Map(Object.entries(entries));
  }
  get length() {
    return this.map.size;
  }
  /** @param {number} index */
  key = (index) => [...this.map.keys()][index] ?? null;
  /** @param {string} key */
  getItem = (key) => this.map.get(key) ?? null;
  /** @param {string} key @param {string} value */
  setItem = (key, value) => void this.map.set(key, String(value));
  /** @param {string} key */
  removeItem = (key) => void this.map.delete(key);
}

/** @typedef {{url: string, method: string, headers: Record<string, string>, body: any}} Asked a request as it was made */
/** @typedef {{status?: number, headers?: Record<string, string>, json?: unknown} | Error} Answer */

/**
 * A `fetch` that answers from `answers` in turn: a status with a body, an Error to throw, or a function of the request.
 *
 * @param {...(Answer | ((request: Asked, options: RequestInit) => Answer | Promise<Answer>))} answers
 */
export function fakeFetch(...answers) {
  /** @type {Asked[]} */
  const requests = [];
  /** @param {any} url @param {any} options */
  const fetch = async (url, options) => {
    const body = options.body === undefined ? undefined : JSON.parse(options.body);
    const request = { url, method: options.method, headers: options.headers, body };
    requests.push(request);
    const next = (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
    const answer = typeof next === "function" ? await next(request, options) : next;
    if (answer instanceof Error) throw answer;
    const { status = 200, headers = {}, json = null } = answer;
    return response(json, status, headers);
  };
  return Object.assign(fetch, { requests });
}

/** An answer of the server: JSON, or problem details for the status of an error. @param {unknown} json @param {number} [status] @param {Record<string, string>} [headers] */
export function response(json, status = 200, headers = {}) {
  const type = status < 400 ? "application/json" : "application/problem+json";
  return new Response(status === 204 ? null : JSON.stringify(json), { status, headers: { "Content-Type": type, ...headers } });
}

/** @param {number} status */
export const problem = (status) => response({ code: CODES[status] }, status);

/** @type {Record<number, string>} */
const CODES = {
  401: "not_authenticated",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  422: "invalid",
  429: "throttled",
  503: "unavailable",
};

export const ME = "member-me";

/** @param {Partial<Message> & {seq: number}} fields @returns {Message} */
export const message = (fields) => ({
  id: `message-${fields.seq}`,
  conversation: "general",
  author: "member-bob",
  text: `text ${fields.seq}`,
  html: `<p>text ${fields.seq}</p>`,
  thread: null,
  reply_count: 0,
  reactions: [],
  mentions: [],
  wide_mention: null,
  attachments: [],
  created_at: "2026-03-01T09:00:00Z",
  edited_at: null,
  deleted_at: null,
  hidden_at: null,
  pinned_at: null,
  pinned_by: null,
  version: 1,
  ref: null,
  ...fields,
});

/** @param {Partial<Conversation>} [fields] @returns {Conversation} */
export const conversation = (fields = {}) => ({
  id: "general",
  kind: "public",
  name: "general",
  topic: "",
  people: [],
  created_by: null,
  created_at: "2026-03-01T08:00:00Z",
  archived_at: null,
  locked_at: null,
  announcement_only: false,
  slow_mode: 0,
  retention_days: null,
  first_seq: 1,
  last_seq: 0,
  last_message_at: null,
  gone: [],
  version: 1,
  ...fields,
});

/** @param {Partial<Participant>} [fields] @returns {Participant} */
export const participant = (fields = {}) => ({
  conversation: "general",
  member: ME,
  role: "member",
  joined_at: "2026-03-01T08:00:00Z",
  left_at: null,
  version: 1,
  read_seq: 0,
  read: [[0, fields.read_seq ?? 0]],
  notifications: "all",
  muted: false,
  favourite: false,
  ...fields,
});

export const organization = {
  id: "acme",
  slug: "acme",
  name: "Acme",
  description: "",
  edit_window: null,
  retention_days: null,
  version: 1,
};

/** @param {Partial<Member>} [fields] @returns {Member} */
export const member = (fields = {}) => ({
  id: "member-bob",
  handle: "bob",
  name: "Bob",
  title: "",
  role: "member",
  joined_at: "2026-03-01T08:00:00Z",
  deactivated_at: null,
  suspended_at: null,
  version: 1,
  ...fields,
});

/** @param {Partial<Member>} [fields] */
export const me = (fields = {}) => member({ id: ME, handle: "me", name: "Me", ...fields });

/** An answer of `sync` in which nothing has changed, except `fields`. @param {Partial<SyncAnswer>} [fields] @returns {SyncAnswer} */
export const answer = (fields = {}) => ({
  cursor: "c1",
  full: false,
  more: false,
  organization,
  me: me(),
  members: [],
  members_gap: false,
  conversations: [],
  participants: [],
  messages: [],
  attention: [],
  statuses: [],
  reports: [],
  sanctions: [],
  cases: null,
  removed: { conversations: [], members: [] },
  presence: [],
  ...fields,
});

/** @param {Partial<SyncConversation>} [fields] @returns {SyncConversation} */
export const synced = (fields = {}) => ({ ...conversation(fields), history_gap: false, participants_gap: false, ...fields });

/** The first sync answer, with the messages `seqs` in the channel "general". @param {number[]} [seqs] @param {Partial<SyncAnswer>} [fields] */
export const everything = (seqs = [], fields = {}) =>
  answer({
    full: true,
    members: [me(), member()],
    conversations: [synced({ last_seq: seqs.at(-1) ?? 0, participants_gap: true })],
    participants: [participant()],
    messages: seqs.map((seq) => message({ seq })),
    ...fields,
  });

/** @param {import("../../static/js/client/types.js").Event["type"]} type @param {any} data */
export const event = (type, data) => ({ id: 1, type, conversation: data.conversation ?? null, at: "2026-03-01T09:00:00Z", data });

/** @param {...number} seqs */
export const created = (...seqs) => seqs.map((seq) => event("message.created", message({ seq })));

/** @typedef {ReturnType<typeof fakeSocket>} FakeSocket */

/** Sockets without a network: `sockets[n].sent` has the frames of the page; `say` and `die` act for the server. */
export function fakeSockets() {
  /** @type {FakeSocket[]} */
  const sockets = [];
  const open = (/** @type {string} */ address) => {
    const socket = fakeSocket(address);
    sockets.push(socket);
    return socket;
  };
  return { sockets, open, last: () => /** @type {FakeSocket} */ (sockets.at(-1)) };
}

/** @param {string} address */
function fakeSocket(address) {
  const socket = {
    address,
    /** @type {any[]} */
    sent: [],
    closed: false,
    /** @type {((event: any) => void) | null} */
    onmessage: null,
    /** @type {((event: any) => void) | null} */
    onclose: null,
    send: (/** @type {string} */ text) => void socket.sent.push(JSON.parse(text)),
    close: () => void (socket.closed = true),
    say: (/** @type {object} */ frame) => socket.onmessage?.({ data: JSON.stringify(frame) }),
    hello: (tag = 0, fields = {}) =>
      socket.say({ op: "hello", client: "client-1", tag, outcome: "resumed", pending: 0, heartbeat: 25, window: 256, ...fields }),
    die: (code = 1006, reason = "") => socket.onclose?.({ code, reason }),
    ops: (/** @type {string} */ op) => socket.sent.filter((frame) => frame.op === op),
  };
  return socket;
}
