/** What the tests of the browser client share: a clock that stands still, storage in memory, a server that says what it is told. */

/** Time moves only by `advance`, and chance is always a half. Setting `time` sets the device's clock alone: it jumps. */
export class FakeClock {
  constructor(start = Date.parse("2026-03-01T09:00:00Z")) {
    this.time = start;
    this.steady = 1_000;
    this.timers = new Map();
    this.next = 1;
  }

  now = () => this.time;
  monotonic = () => this.steady;
  random = () => 0.5;

  setTimeout = (call, milliseconds) => {
    this.timers.set(this.next, { at: this.steady + milliseconds, call });
    return this.next++;
  };

  clearTimeout = (handle) => this.timers.delete(handle);

  /** Run every timer of the next `milliseconds`, in order, and let promises settle in between. */
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
  key = (index) => [...this.map.keys()][index] ?? null;
  getItem = (key) => this.map.get(key) ?? null;
  setItem = (key, value) => void this.map.set(key, String(value));
  removeItem = (key) => void this.map.delete(key);
}

/** A `fetch` that answers from `answers` in turn: a status with a body, an Error to throw, or a function of the request. */
export function fakeFetch(...answers) {
  const requests = [];
  const fetch = async (url, options) => {
    const body = options.body === undefined ? undefined : JSON.parse(options.body);
    requests.push({ url, method: options.method, headers: options.headers, body });
    let answer = answers.length > 1 ? answers.shift() : answers[0];
    if (typeof answer === "function") answer = await answer(requests.at(-1), options);
    if (answer instanceof Error) throw answer;
    const { status = 200, headers = {}, json = null } = answer;
    return response(json, status, headers);
  };
  return Object.assign(fetch, { requests });
}

/** What the server answers: JSON, and with a status of a refusal problem details. */
export function response(json, status = 200, headers = {}) {
  const type = status < 400 ? "application/json" : "application/problem+json";
  return new Response(status === 204 ? null : JSON.stringify(json), { status, headers: { "Content-Type": type, ...headers } });
}

export const problem = (status) => response({ code: CODES[status] }, status);

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
  version: 1,
  ref: null,
  ...fields,
});

export const conversation = (fields = {}) => ({
  id: "general",
  kind: "public",
  name: "general",
  topic: "",
  people: [],
  created_by: null,
  created_at: "2026-03-01T08:00:00Z",
  archived_at: null,
  first_seq: 1,
  last_seq: 0,
  last_message_at: null,
  gone: [],
  version: 1,
  ...fields,
});

export const seat = (fields = {}) => ({
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

export const organization = { id: "acme", slug: "acme", name: "Acme", description: "", edit_window: null, version: 1 };

export const member = (fields = {}) => ({
  id: "member-bob",
  handle: "bob",
  name: "Bob",
  title: "",
  role: "member",
  joined_at: "2026-03-01T08:00:00Z",
  deactivated_at: null,
  version: 1,
  ...fields,
});

export const me = (fields = {}) => member({ id: ME, handle: "me", name: "Me", ...fields });

/** An answer of `sync` in which nothing has changed, but for `fields`. */
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
  reports: [],
  sanctions: [],
  removed: { conversations: [], members: [] },
  presence: [],
  ...fields,
});

export const told = (fields = {}) => ({ ...conversation(fields), history_gap: false, participants_gap: false, ...fields });

/** The channel "general" with `seqs`, as a first sync tells it. */
export const everything = (seqs = [], fields = {}) =>
  answer({
    full: true,
    members: [me(), member()],
    conversations: [told({ last_seq: seqs.at(-1) ?? 0, participants_gap: true })],
    participants: [seat()],
    messages: seqs.map((seq) => message({ seq })),
    ...fields,
  });

export const event = (type, data) => ({ id: 1, type, conversation: data.conversation ?? null, at: "2026-03-01T09:00:00Z", data });

export const created = (...seqs) => seqs.map((seq) => event("message.created", message({ seq })));

/** Sockets that go nowhere: `sockets[n].sent` is what the page said, `say` and `die` are the server's. */
export function fakeSockets() {
  const sockets = [];
  const open = (address) => {
    const socket = {
      address,
      sent: [],
      closed: false,
      onmessage: null,
      onclose: null,
      send: (text) => void socket.sent.push(JSON.parse(text)),
      close: () => (socket.closed = true),
      say: (frame) => socket.onmessage({ data: JSON.stringify(frame) }),
      hello: (tag = 0, fields = {}) =>
        socket.say({ op: "hello", client: "client-1", tag, outcome: "resumed", pending: 0, heartbeat: 25, window: 256, ...fields }),
      die: (code = 1006, reason = "") => socket.onclose({ code, reason }),
      ops: (op) => socket.sent.filter((frame) => frame.op === op),
    };
    sockets.push(socket);
    return socket;
  };
  return { sockets, open, last: () => sockets.at(-1) };
}
