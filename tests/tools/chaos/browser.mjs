/**
 * Many tabs of the browser's library in one process: people who write, edit, delete, react, read, come and go, over a
 * network that loses frames, cuts sockets and delays, truncates and fails answers, and behind portals that answer in the
 * server's place. Started by browsers.py, which speaks
 * to it in lines of JSON: `start` with a plan, then `calm`, `state`, `dump`, `stop`; each is answered by one line.
 */

import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { deleteMessage, leaveConversation, saveEdit, toggleReaction } from "../../../static/js/client/actions.js";

import { ApiError } from "../../../static/js/client/api.js";
import { Client } from "../../../static/js/client/client.js";
import { sleep, systemClock } from "../../../static/js/client/clock.js";
import { MemoryStorage } from "../../js/support.js";

const EMOJI = ["👍", "🎉", "❤️"];
const EXPECTED = new Set([403, 404, 409]); // refusals of people who act on what they see while it changes
const QUIET = { unreachable: 0, failed: 0, delayed: 0, truncated: 0, lost: 0 }; // shares of the requests
const FAULTS = {
  sync: { unreachable: 0.05, failed: 0.05, delayed: 0.15, truncated: 0.1, lost: 0.05 },
  other: { unreachable: 0.02, failed: 0.02, delayed: 0.05, truncated: 0.02, lost: 0.02 },
};
const FRAMES = { lost: 0.02, twice: 0.03, cut: 0.005, ackLost: 0.02, sendLost: 0.01 }; // shares of the frames
const LONGEST_DELAY = 2_000; // milliseconds
const START_AGAIN = 300; // milliseconds until a page whose start failed is tried anew

/** What people do, and how often compared with each other. */
const DEEDS = {
  send: 50,
  reply: 6,
  edit: 10,
  remove: 3,
  react: 14,
  read: 12,
  scroll: 6,
  people: 3,
  join: 5,
  leave: 3,
  reload: 2,
  duplicate: 0.5,
  offline: 2,
  portal: 2,
  cut: 4,
};

/**
 * What a network that asks for a sign-in first answers to everything: its own JSON, its page, a way to it, or what it has
 * kept from an earlier answer of the same address, with the headers of then or without.
 */
const PORTALS = {
  json: () => new Response("{}", { headers: { "Content-Type": "application/json" } }),
  list: () => new Response('{"results":[],"next":null}', { headers: { "Content-Type": "application/json" } }),
  page: () => new Response("<h1>Sign in</h1>", { headers: { "Content-Type": "text/html" } }),
  refusal: () => new Response('{"error":"sign in"}', { status: 403, headers: { "Content-Type": "application/json" } }),
  empty: () => new Response(null, { status: 204 }),
  redirect: () => ({ status: 0, ok: false, type: "opaqueredirect", headers: new Headers(), json: async () => null }),
  old: (kept) => (kept ? new Response(kept.body || null, kept) : PORTALS.json()),
  bare: (kept) => (kept ? new Response(kept.body || null, { status: kept.status }) : PORTALS.json()),
};

class Dice {
  /** @param {number} seed mulberry32, by Tommy Ettinger: small, and good enough to choose with */
  constructor(seed) {
    this.state = seed >>> 0;
  }

  next = () => {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };

  under = (share) => this.next() < share;
  pick = (list) => list[Math.floor(this.next() * list.length)];

  /** @param {Record<string, number>} weights @returns {string | null} null for what is left of 1 when they are shares */
  weighted(weights, total = Object.values(weights).reduce((sum, one) => sum + one, 0)) {
    let rest = this.next() * total;
    for (const [name, weight] of Object.entries(weights)) if ((rest -= weight) < 0) return name;
    return null;
  }
}

/** A WebSocket with faults. The real one loses nothing; what stands between a page and its server may. */
class Wire {
  /** @type {((event: {data: string}) => void) | null} */
  onmessage = null;
  swallowed = false;
  /** @type {((event: {code: number, reason: string}) => void) | null} */
  onclose = null;

  constructor(page, query) {
    this.page = page;
    const { account, world } = page.tab;
    const url = `ws://${page.dice.pick(world.plan.nodes)}/o/${world.plan.slug}/ws/v1/?${query}`;
    // @ts-expect-error The WebSocket of Node takes headers, that of browsers does not.
    this.real = new WebSocket(url, { protocols: ["parley.v1"], headers: { Authorization: `Bearer ${account.token}` } });
    this.real.onmessage = ({ data }) => page.isUp && this.#hear(data);
    this.real.onclose = ({ code, reason }) => page.alive && this.#end(code, reason);
  }

  send(text) {
    const share = text.startsWith('{"op":"ack"') ? FRAMES.ackLost : FRAMES.sendLost;
    if (
      !this.page.isUp ||
      this.swallowed ||
      this.page.portal ||
      this.real.readyState !== WebSocket.OPEN ||
      this.page.fails(share, "frames unsent")
    )
      return;
    this.real.send(text);
  }

  close() {
    this.real.close();
  }

  /** The connection dies; nobody says goodbye. */
  cut() {
    this.close();
    this.#end(1006, "");
  }

  #end(code, reason) {
    const onclose = this.onclose;
    this.onclose = null;
    onclose?.({ code, reason });
  }

  #hear(data) {
    this.swallowed ||= Boolean(this.page.portal); // what a portal has cut off stays cut off, and nobody says so
    if (this.swallowed) return;
    const { op } = JSON.parse(data);
    if (op === "hello" || op === "result" || op === "error") return this.onmessage?.({ data });
    if (this.page.fails(FRAMES.cut, "sockets cut")) return this.cut();
    if (this.page.fails(FRAMES.lost, "frames lost")) return;
    this.onmessage?.({ data });
    if (this.page.fails(FRAMES.twice, "frames twice")) this.onmessage?.({ data });
  }
}

/** One page of a tab, from its loading to the next reload: what it started ends with it. */
class Page {
  alive = true;
  online = true;
  /** @type {Wire | null} */
  wire = null;
  /** What answers in the server's place. @type {keyof typeof PORTALS | null} */
  portal = null;
  /** By method and address: the last answer. */
  kept = new Map();
  /** By conversation: the seq from which on it was whole once. */
  floors = new Map();
  #ending = /** @type {PromiseWithResolvers<void>} */ (Promise.withResolvers());
  /** The end of the page. What waits for its timers or its server then waits forever. @type {Promise<void>} */
  over = this.#ending.promise;

  constructor(tab, seed) {
    this.tab = tab;
    this.dice = new Dice(seed);
    const { account, world } = tab;
    this.client = new Client({
      base: `/o/${world.plan.slug}/api/v1/`,
      me: account.member,
      csrfToken: () => "",
      storage: account.storage,
      tabStorage: tab.storage,
      open: (query) => (this.wire = new Wire(this, query)),
      label: "chaos",
      isOnline: () => this.online,
      clock: {
        ...systemClock,
        random: this.dice.next,
        setTimeout: (call, wait) => systemClock.setTimeout(() => this.alive && call(), wait),
      },
      fetch: /** @type {typeof fetch} */ ((url, options) => this.#fetch(url, options)),
    });
    const { store } = this.client;
    const apply = store.apply.bind(store);
    store.apply = (event) => {
      world.counts.deliveries += 1;
      return apply(event);
    };
    const forget = store.forgetHistory.bind(store);
    store.forgetHistory = (id, before = Infinity) => {
      if (this.floors.get(id) < before) this.floors.delete(id);
      return forget(id, before);
    };
    store.observe(({ histories }) => histories.forEach((id) => this.#moveFloor(id)));
  }

  /** @returns {boolean} whether the network carries anything */
  get isUp() {
    return this.alive && this.online;
  }

  fails(share, name) {
    const { world } = this.tab;
    if (world.calm || !this.dice.under(share)) return false;
    world.count(name);
    return true;
  }

  async start() {
    while (this.alive) {
      try {
        return await Promise.race([this.client.start(), this.over]);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        await sleep(systemClock, START_AGAIN);
      }
    }
  }

  end() {
    this.client.suspend(false);
    this.alive = false;
    this.wire?.close();
    this.#ending.resolve();
  }

  async goOffline(milliseconds) {
    this.online = false;
    this.client.lose();
    await sleep(systemClock, milliseconds);
    this.online = true;
    if (this.alive) this.client.wake();
  }

  async goBehind(portal, milliseconds) {
    this.portal = portal;
    await sleep(systemClock, milliseconds);
    this.portal = null;
  }

  async #fetch(url, options) {
    const { account, world } = this.tab;
    const address = `${options.method} ${url}`;
    if (this.isUp && this.portal) {
      world.count(`portal ${this.portal}`);
      return PORTALS[this.portal](this.kept.get(address));
    }
    const fault = this.#fault(url);
    if (!this.isUp || fault === "unreachable") throw new TypeError("fault: unreachable");
    const headers = { ...options.headers, Authorization: `Bearer ${account.token}` };
    const response = await fetch(`http://${this.dice.pick(world.plan.nodes)}${url}`, { ...options, headers });
    const { status } = response;
    const body = await response.text();
    if (status === 500) world.complain(`500: ${address}`);
    if (response.ok) this.kept.set(address, { body, status, headers: response.headers });
    return this.#hinder(fault, body, { status, headers: response.headers });
  }

  /** @returns {string | null} what goes wrong with the request */
  #fault(url) {
    const { world } = this.tab;
    const isSync = url.includes("/sync");
    const fault = this.dice.weighted(world.calm ? QUIET : isSync ? FAULTS.sync : FAULTS.other, 1);
    if (fault) world.count(`${isSync ? "syncs" : "requests"} ${fault}`);
    return fault;
  }

  async #hinder(fault, body, init) {
    if (fault === "delayed") await sleep(systemClock, this.dice.next() * LONGEST_DELAY);
    if (!this.isUp || fault === "lost") throw new TypeError("fault: the answer was lost");
    if (fault === "failed") return new Response("{}", { status: 500 });
    const received = fault === "truncated" ? body.slice(0, Math.floor(this.dice.next() * body.length)) : body;
    return new Response(received || null, init);
  }

  /** What was whole up to the end once stays whole from there on, unless it is forgotten. */
  #moveFloor(id) {
    const { store } = this.client;
    if (this.floors.has(id)) return;
    const stretch = store.stretch(id, store.conversations.get(id)?.last_seq ?? 0);
    if (stretch) this.floors.set(id, stretch.from);
  }
}

/** What outlives a reload: the tab's own storage. */
class Tab {
  storage = new MemoryStorage();

  constructor(world, account) {
    this.world = world;
    this.account = account;
    this.page = new Page(this, world.seed());
  }

  async reload() {
    this.page.end();
    await this.load();
  }

  /** Become a copy of another tab, whose storage comes along; without Web Locks the server finds it out. */
  async duplicate(other) {
    this.page.end();
    this.storage = new MemoryStorage(Object.fromEntries(other.storage.map));
    await this.load();
  }

  async load() {
    this.page = new Page(this, this.world.seed());
    await this.page.start().catch((error) => this.world.complain(`loading: ${error.stack}`));
  }
}

class World {
  calm = false;
  counts = { deliveries: 0 };
  problems = [];
  /** Everything that was written into an outbox. */
  sent = [];
  running = new Set();

  constructor(plan) {
    this.plan = plan;
    this.dice = new Dice(plan.seed);
    for (const account of plan.accounts) {
      account.storage = new MemoryStorage();
      // Conversations that a tab joins or leaves, or has left, until a join is answered: nothing is written there, for
      // the member's other tab may not know yet, and what is refused after leaving is no loss.
      account.shut = new Map();
    }
    this.tabs = plan.accounts.flatMap((account) => Array.from({ length: account.tabs }, () => new Tab(this, account)));
  }

  seed = () => Math.floor(this.dice.next() * 2 ** 32);
  count = (name) => (this.counts[name] = (this.counts[name] ?? 0) + 1);
  complain = (what) => this.problems.push(what);

  async start() {
    await Promise.all(this.tabs.map((tab) => tab.page.start()));
    this.acting = this.#act();
  }

  async end() {
    this.calm = true;
    await this.acting;
    await Promise.all(this.running);
    for (const { page } of this.tabs) page.client.wake();
  }

  async #act() {
    while (!this.calm) {
      await sleep(systemClock, (-Math.log(1 - this.dice.next()) * 1000) / this.plan.deeds);
      const deed = this.dice.weighted(DEEDS);
      const work = this.#do(deed, this.dice.pick(this.tabs)).finally(() => this.running.delete(work));
      this.running.add(work);
    }
  }

  async #do(deed, tab) {
    const { client, alive, over } = tab.page;
    const rooms = [...client.store.conversations.keys()].filter((id) => client.store.ownParticipant(id));
    if (!alive || rooms.length === 0) return;
    this.count(deed);
    try {
      await Promise.race([this[deed](tab, client, this.dice.pick(rooms)), over]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!error.passing && !EXPECTED.has(error.status)) this.complain(`${deed}: ${error.status} ${error.message}`);
    }
  }

  async send(tab, client, room, thread = null) {
    if (tab.account.shut.has(room)) return;
    const text = `words ${this.sent.length}`;
    const { ref } = client.outbox.add(room, text, thread);
    this.sent.push({ ref, conversation: room, text, member: tab.account.member });
  }

  async reply(tab, client, room) {
    const root = this.#message(client, room, (one) => !one.thread && isKept(one));
    if (root) await this.send(tab, client, room, root.id);
  }

  async edit(_, client, room) {
    const message = this.#message(client, room, ({ author, deleted_at }) => author === client.store.me && !deleted_at);
    if (message) await saveEdit(client, message, `${message.text} edited`);
  }

  async remove(_, client, room) {
    const message = this.#message(client, room, (one) => one.author === client.store.me && !one.deleted_at && !isKept(one));
    if (message) await deleteMessage(client, message);
  }

  async react(_, client, room) {
    const message = this.#message(client, room, ({ deleted_at }) => !deleted_at);
    if (message) await toggleReaction(client, message, this.dice.pick(EMOJI));
  }

  async read(_, client, room) {
    client.reads.mark(room, client.store.conversations.get(room).last_seq);
  }

  /** Page back from what is known. */
  async scroll(_, client, room) {
    const { store, pages } = client;
    const stretch = store.stretch(room, store.conversations.get(room).last_seq);
    if (!stretch) await pages.newest(room);
    else if (!pages.isStart(room, stretch.from)) await pages.before(room, stretch.from);
  }

  async people(_, client, room) {
    await client.loadParticipants(room);
  }

  async join(tab, client) {
    const { shut } = tab.account;
    const closed = this.plan.open.filter((id) => !client.store.ownParticipant(id) && (shut.get(id) ?? "left") === "left");
    if (closed.length === 0) return;
    const id = this.dice.pick(closed);
    shut.set(id, "joining");
    await client.join(id);
    shut.delete(id);
    await client.pages.newest(id);
  }

  /** Only with nothing on its way. */
  async leave(tab, client, room) {
    const { account } = tab;
    const tabs = this.tabs.filter((one) => one.account === account);
    if (!this.plan.open.includes(room) || account.shut.has(room)) return;
    if (tabs.some(({ page }) => page.client.outbox.entries(room).length)) return;
    account.shut.set(room, "leaving");
    await leaveConversation(client, room); // unanswered, nobody knows, and it stays so
    account.shut.set(room, "left");
  }

  async reload(tab) {
    await tab.reload();
  }

  async duplicate(tab) {
    const other = this.tabs.find((one) => one !== tab && one.account === tab.account);
    if (other) await tab.duplicate(other);
  }

  async offline(tab) {
    await tab.page.goOffline(500 + this.dice.next() * 3_000);
  }

  async portal(tab) {
    await tab.page.goBehind(this.dice.pick(Object.keys(PORTALS)), 1_000 + this.dice.next() * 6_000);
  }

  async cut(tab) {
    tab.page.wire?.cut();
  }

  #message(client, room, fits) {
    const { last_seq } = client.store.conversations.get(room);
    return this.dice.pick(client.store.between(room, last_seq - 40, last_seq).filter(fits)) ?? null;
  }
}

/** Half of the messages are never deleted, and those alone are replied to: a reply to what is gone by then is refused, which is no loss. */
const isKept = ({ seq }) => seq % 2 === 0;

const stateOf = ({ page: { client } }) => ({
  id: client.stream.session.id,
  tag: client.stream.mailbox.tag,
  status: client.stream.status,
  outbox: client.outbox.size,
});

function dumpOf(tab) {
  const { client, floors } = tab.page;
  const { store } = client;
  const rooms = [...store.conversations.keys()];
  return {
    ...stateOf(tab),
    member: tab.account.member,
    organization: store.organization,
    members: [...store.members.values()],
    conversations: [...store.conversations.values()],
    participants: [...store.participants.values()].flatMap((seats) => [...seats.values()]),
    peopled: rooms.filter((id) => store.knowsParticipants(id)),
    messages: [...store.messages.values()],
    at: Object.fromEntries(rooms.map((id) => [id, store.between(id, 1, store.conversations.get(id).last_seq).map(({ id }) => id)])),
    floors: Object.fromEntries(floors),
    unsent: [...new Set(tab.world.sent.map(({ conversation }) => conversation))].flatMap((id) => client.outbox.entries(id)),
  };
}

let world;
const COMMANDS = {
  start: async ({ plan }) => {
    world = new World(plan);
    await world.start();
  },
  calm: () => world.end(),
  state: async () => {
    await Promise.all(world.tabs.map(({ page }) => page.client.reads.flush()));
    return { tabs: world.tabs.map(stateOf) };
  },
  dump: ({ path }) => {
    writeFileSync(path, JSON.stringify(world.tabs.map(dumpOf)));
    return { counts: world.counts, problems: world.problems, sent: world.sent };
  },
  stop: () => process.exit(0),
};

process.on("unhandledRejection", (error) => world.complain(`unhandled: ${error instanceof Error ? error.stack : error}`));
for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...rest } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify({ op, ...(await COMMANDS[op](rest)) })}\n`);
}
process.exit(0);
