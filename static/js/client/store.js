/** @import {Ranges} from "./ranges.js" */
/** @import {Read} from "./reading.js" */
/** @import {Case, Conversation, Event as WireEvent, Member, Message, Organization, Participant, Report, Sanction, SyncAnswer, SyncConversation} from "./types.js" */

import { clip, contains, rangesOf, sizeOf } from "./ranges.js";
import { isForeignThread, mergeRead, unreadOf } from "./reading.js";

const MODERATORS = new Set(["owner", "admin", "moderator"]); // roles that may see the desk
const OWN = /** @type {const} */ (["reports", "sanctions", "cases"]); // told to the member alone
const LOOKED_BACK = 300; // messages of the main line in which a thread is looked for: further back, the server's answer is waited for
const DIRECT = new Set(["direct", "group"]); // conversations whose seats sync always tells

/**
 * What changed in one batch. Sets of ids; `histories` are conversations whose messages changed.
 *
 * @typedef {object} Changes
 * @property {Set<string>} members
 * @property {Set<string>} conversations
 * @property {Set<string>} participants conversations in which somebody's seat changed
 * @property {Set<string>} messages
 * @property {Set<string>} histories
 * @property {Set<string>} reports
 * @property {Set<string>} sanctions
 * @property {Set<string>} cases
 * @property {boolean} organization
 */

/**
 * The organization as far as this client knows it. Applying an entity is "replace if newer" by `version`, so repeating
 * and reordering do no harm. What only grows (`last_seq`, `read`, `read_seq`) never goes back.
 *
 * Messages of a conversation are dense by `seq`, so whether a stretch of history is complete can be seen from its
 * numbers alone; islands (a permalink far back, the replies of a thread) may lie beside each other.
 *
 * One thing needs care: what was asked for before something was forgotten must not be put back after it, because the
 * news that would mend it may be forgotten too. Whoever asks REST notes the `moment` and checks `isCurrent` on the answer.
 */
export class Store {
  /** @type {Map<string, Member>} */
  members = new Map();
  /** @type {Map<string, Conversation>} */
  conversations = new Map();
  /** @type {Map<string, Map<string, Participant>>} by conversation, then member; who left is not in it */
  participants = new Map();
  /** @type {Map<string, Message>} */
  messages = new Map();
  /** @type {Map<string, Message>} empty messages that are past their time, of threads that go on; in no history */
  heads = new Map();
  /** @type {Map<string, Report>} what became of the messages that one reported */
  reports = new Map();
  /** @type {Map<string, Sanction>} measures against oneself */
  sanctions = new Map();
  /** @type {Map<string, Case>} for moderators: reports on the desk, see `openCases` */
  cases = new Map();
  /** @type {Organization | null} */
  organization = null;

  /** @type {Map<string, Map<number, string>>} by conversation: seq to message id */
  #histories = new Map();
  /** @type {Map<string, number>} the version of a seat that was left, so that an older event does not bring it back */
  #left = new Map();
  /** @type {Set<(changes: Changes) => void>} */
  #observers = new Set();
  #changes = noChanges();
  #depth = 0;
  #moment = 0;
  #replacedAt = 0;
  #peopleForgottenAt = 0;
  /** @type {Map<string, number>} by conversation: the moment at which something of it was forgotten */
  #forgottenAt = new Map();
  /** @type {Set<string>} conversations of which everybody who takes part is known */
  #peopled = new Set();
  /** @type {Map<string, {conversation: Conversation, seat: Participant, gaps: Ranges, count: number}>} what is unread, until either changes */
  #unread = new Map();

  /** @param {string} me id of the caller's own member */
  constructor(me) {
    this.me = me;
  }

  /**
   * @param {(changes: Changes) => void} observer
   * @returns {() => void} ends it
   */
  observe(observer) {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /**
   * Run `work`; observers hear of all that it changed at once, afterwards.
   *
   * @template T
   * @param {() => T} work
   * @returns {T}
   */
  batch(work) {
    this.#depth += 1;
    try {
      return work();
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0) this.#tell();
    }
  }

  // --- Events and answers of sync -------------------------------------------------------------------

  /** @param {WireEvent} event one of a type that is not known belongs to a later version of the server */
  apply({ type, data }) {
    const [noun] = type.split(".");
    if (noun === "message") {
      if (this.ownSeat(data.conversation)) this.takeMessage(data); // any other is not for the member to keep
    } else if (noun === "participant") this.putParticipant(data);
    else if (noun === "conversation") this.putConversation(data);
    else if (noun === "organization") this.putOrganization(data);
    else if (noun === "report" || noun === "sanction") this.#putOwn(`${noun}s`, data);
    else if (noun === "case") this.moderates && this.#putOwn("cases", data);
    else if (noun === "member") {
      this.putMember(data);
      if (data.id === this.me) this.#onOwnRole();
    }
  }

  /** @param {SyncAnswer[]} answers all pages of one sync; from the last one that is `full` on they replace what was known */
  take(answers) {
    const full = answers.findLastIndex((answer) => answer.full);
    this.batch(() => {
      if (full >= 0) this.#forgetAll();
      for (const answer of answers.slice(Math.max(0, full))) this.#takePage(answer);
      this.#onOwnRole();
    });
  }

  /**
   * Events were lost. A seat that was left meanwhile may be told to nobody again, so who takes part in a channel is asked
   * for anew when it is looked at; everything else is mended by sync and versions.
   */
  forgetParticipants() {
    this.batch(() => {
      for (const { id, kind } of this.conversations.values()) if (!DIRECT.has(kind)) this.#forgetSeats(id);
    });
  }

  // --- What is loaded when it is looked at ----------------------------------------------------------

  /** Now, for `isCurrent` later. */
  get moment() {
    return this.#moment;
  }

  /** @param {string} conversation @param {number} moment whether nothing of it was forgotten since */
  isCurrent(conversation, moment) {
    return Math.max(this.#forgottenAt.get(conversation) ?? 0, this.#replacedAt) <= moment;
  }

  /** @param {number} moment the same of people */
  areMembersCurrent(moment) {
    return this.#peopleForgottenAt <= moment;
  }

  /** @param {string} conversation @param {Participant[]} seats everybody who takes part, asked for in a moment that is current */
  putParticipants(conversation, seats) {
    this.batch(() => {
      for (const seat of seats) this.putParticipant(seat);
      if (this.conversations.has(conversation)) this.#peopled.add(conversation);
    });
  }

  /** @param {string} conversation whether everybody who takes part is known */
  knowsParticipants(conversation) {
    return this.#peopled.has(conversation);
  }

  /** @returns {Set<string>} members that something here refers to and who are not known: to be asked for */
  strangers() {
    const spokenOf = this.#spokenOf();
    for (const id of this.members.keys()) spokenOf.delete(id);
    return spokenOf;
  }

  // --- Entities -------------------------------------------------------------------------------------

  /** @param {Organization} organization */
  putOrganization(organization) {
    if (this.organization && this.organization.version >= organization.version) return;
    this.batch(() => {
      this.organization = organization;
      this.#changes.organization = true;
    });
  }

  /** @param {Member} member oneself is told of with the private fields and without them, under one version */
  putMember(member) {
    const known = this.members.get(member.id);
    const merged = { ...known, ...member };
    if (known && (member.version < known.version || JSON.stringify(merged) === JSON.stringify(known))) return;
    this.batch(() => {
      this.members.set(member.id, merged);
      this.#changes.members.add(member.id);
    });
  }

  /** @param {Report} report */
  putReport(report) {
    this.#putOwn("reports", report);
  }

  /** @param {Sanction} sanction */
  putSanction(sanction) {
    this.#putOwn("sanctions", sanction);
  }

  /** @returns {Case[]} for moderators: the reports that nobody has decided yet */
  get openCases() {
    return [...this.cases.values()].filter(({ state }) => state === "open" || state === "in_review");
  }

  /** @returns {Report[]} decided ones whose outcome the member has not acknowledged yet */
  get outcomes() {
    return [...this.reports.values()].filter(({ decided_at, acknowledged_at }) => decided_at && !acknowledged_at);
  }

  /** Whether the member may see the desk. */
  get moderates() {
    return MODERATORS.has(this.members.get(this.me)?.role ?? "");
  }

  /** @param {Conversation} conversation with `first_seq` higher than before, what lies below it is gone for good */
  putConversation(conversation) {
    const known = this.conversations.get(conversation.id);
    if (known && !isNewer(conversation, known) && known.last_seq >= conversation.last_seq) return;
    this.batch(() => {
      const newest = isNewer(conversation, known) ? conversation : /** @type {Conversation} */ (known);
      const { last_seq, last_message_at } = known && known.last_seq > conversation.last_seq ? known : conversation;
      this.conversations.set(conversation.id, { ...newest, last_seq, last_message_at });
      if (!known && DIRECT.has(conversation.kind)) this.#peopled.add(conversation.id);
      if (known && newest.first_seq > known.first_seq) this.forgetHistory(conversation.id, newest.first_seq);
      this.#changes.conversations.add(conversation.id);
    });
  }

  /** @param {string} id it is gone, or no longer the member's to see: nothing of it may stay */
  removeConversation(id) {
    this.batch(() => {
      this.forgetHistory(id);
      this.#histories.delete(id);
      for (const head of this.heads.values()) if (head.conversation === id) this.heads.delete(head.id);
      this.participants.delete(id);
      this.conversations.delete(id);
      this.#unread.delete(id);
      this.#peopled.delete(id);
      this.#changes.conversations.add(id);
    });
  }

  /** @param {string} conversation @param {number} [before] the messages with a lower seq, else all of them */
  forgetHistory(conversation, before = Infinity) {
    this.batch(() => {
      const history = this.#history(conversation);
      for (const [seq, id] of history) {
        if (seq >= before) continue;
        history.delete(seq);
        this.messages.delete(id);
      }
      this.#forgottenAt.set(conversation, (this.#moment += 1));
      this.#changes.histories.add(conversation);
    });
  }

  /** @param {Participant} participant what others are told of a seat lacks the private fields; ours keeps them */
  putParticipant(participant) {
    const { conversation, member } = participant;
    if (!this.conversations.has(conversation) && !(member === this.me && participant.left_at)) return;
    const seats = this.participants.get(conversation) ?? new Map();
    const known = seats.get(member);
    const version = known?.version ?? this.#left.get(`${conversation} ${member}`) ?? -1;
    if (participant.version < version || (participant.version === version && !known)) return;
    const merged = { ...known, ...participant, ...(member === this.me && mergeRead(known, participant)) };
    if (known && sameSeat(known, merged)) return;
    this.batch(() => {
      this.#changes.participants.add(conversation);
      if (participant.left_at) this.#leave(participant, seats);
      else {
        this.participants.set(conversation, seats);
        seats.set(member, merged);
        // Looking at a channel from outside one hears of no changes: what was seen then counts for nothing now.
        if (member === this.me && !known) this.forgetHistory(conversation);
      }
    });
  }

  /**
   * The main line was shown up to `seq`; that ends a mark. What the server will count as read and what it will not, because
   * the member follows its thread, is known only of messages that are here; its answer adds the others.
   *
   * @param {string} conversation
   * @param {number} seq
   */
  moveRead(conversation, seq) {
    const shown = this.unreadMessages(conversation, { to: seq }).filter((message) => !message.thread || this.#isForeign(message));
    this.#addRead(conversation, { read: rangesOf(shown.map((message) => message.seq)), read_seq: seq }, { endMark: true });
  }

  /** @param {string} conversation @param {number} seq everything up to it is read, replies in threads as well */
  moveAllRead(conversation, seq) {
    this.#addRead(conversation, { read: [[0, seq]], read_seq: seq }, { endMark: true });
  }

  /**
   * The replies of a thread were shown up to `seq`. A mark stays.
   *
   * @param {string} conversation
   * @param {string} head
   * @param {number} seq
   * @returns {boolean} whether one of them did not count as read
   */
  moveThreadRead(conversation, head, seq) {
    const { read = [] } = this.ownSeat(conversation) ?? {};
    const shown = this.unreadMessages(conversation, { to: seq }).filter(
      (message) => message.thread === head && !contains(read, message.seq),
    );
    this.#addRead(conversation, { read: rangesOf(shown.map((message) => message.seq)) });
    return shown.length > 0;
  }

  /** @param {string} conversation @param {Partial<Read>} read what another tab knows to be read */
  addRead(conversation, read) {
    this.#addRead(conversation, read);
  }

  /** @param {string} conversation @param {number} seq unread from here on; the read position stays where it is */
  markUnread(conversation, seq) {
    this.#changeOwnSeat(conversation, { unread_from: seq });
  }

  /**
   * A message as an event or the answer to a command tells it: the server has counted one's own as read by then. (What is
   * fetched page by page says nothing about that.)
   *
   * @param {Message} message
   */
  takeMessage(message) {
    this.batch(() => {
      this.putMessage(message);
      if (message.author === this.me) this.#addRead(message.conversation, { read: [[message.seq, message.seq]] });
    });
  }

  /** @param {Message} message */
  putMessage(message) {
    const known = this.messages.get(message.id);
    const conversation = this.conversations.get(message.conversation);
    if (conversation && message.expired) {
      this.#putHead(message);
      return;
    }
    if (!conversation || message.seq < conversation.first_seq || !isNewer(message, known)) return;
    this.batch(() => {
      this.messages.set(message.id, message);
      this.#history(message.conversation).set(message.seq, message.id);
      this.#changes.messages.add(message.id);
      this.#changes.histories.add(message.conversation);
      if (!known) this.#moveLast(message);
    });
  }

  /**
   * Forget the messages of a conversation outside `from`–`to`, except thread roots and replies that are shown elsewhere.
   *
   * @param {string} conversation
   * @param {number} from
   * @param {number} to
   * @param {(message: Message) => boolean} [keep]
   */
  trim(conversation, from, to, keep = () => false) {
    const history = this.#history(conversation);
    const { size } = history;
    for (const [seq, id] of history) {
      const message = this.messages.get(id);
      if ((seq >= from && seq <= to) || !message || keep(message)) continue;
      history.delete(seq);
      this.messages.delete(id);
    }
    if (history.size < size) this.#forgottenAt.set(conversation, (this.#moment += 1));
  }

  /** @param {string} conversation @returns {Participant | undefined} the caller's own */
  ownSeat(conversation) {
    return this.participants.get(conversation)?.get(this.me);
  }

  /** @param {string} conversation how many messages are unread; 0 where the caller takes no part */
  unread(conversation) {
    return this.#unreadIn(conversation).count;
  }

  /** @param {string} conversation @returns {Ranges} which ones */
  unreadSeqs(conversation) {
    return this.#unreadIn(conversation).gaps;
  }

  /** @param {{conversation: string, seq: number}} message */
  isUnread({ conversation, seq }) {
    return contains(this.#unreadIn(conversation).gaps, seq);
  }

  /**
   * @param {string} conversation
   * @param {{to?: number, most?: number}} [options] `most`: of the seqs that are looked at, from the newest back
   * @returns {Message[]} the unread messages that are known, newest first
   */
  unreadMessages(conversation, { to = Infinity, most = Infinity } = {}) {
    const history = this.#histories.get(conversation);
    const gaps = this.#unreadIn(conversation).gaps;
    if (!history?.size || gaps.length === 0) return [];
    if (sizeOf(gaps) > history.size && most > history.size) {
      const known = [...history.keys()].filter((seq) => seq <= to && contains(gaps, seq)).sort((one, other) => other - one);
      return known.map((seq) => /** @type {Message} */ (this.at(conversation, seq)));
    }
    const found = [];
    let looked = 0;
    for (const [low, high] of [...gaps].reverse()) {
      for (let seq = Math.min(high, to); seq >= low; seq -= 1) {
        if ((looked += 1) > most) return found;
        const message = this.at(conversation, seq);
        if (message) found.push(message);
      }
    }
    return found;
  }

  /** @param {string} conversation @returns {Ranges} what is unread behind the position that the main line was shown to */
  unreadAhead(conversation) {
    return clip(this.#unreadIn(conversation).gaps, this.readUpTo(conversation) + 1, Infinity);
  }

  /**
   * Unread replies of threads that the member follows, which the main line has passed.
   *
   * @param {string} conversation
   * @returns {Ranges} their seqs
   */
  passedReplies(conversation) {
    return clip(this.#unreadIn(conversation).gaps, 0, this.readUpTo(conversation));
  }

  /** @param {string} conversation how far the main line was shown, or up to the mark: what follows is marked as new */
  readUpTo(conversation) {
    const { read_seq = 0, unread_from } = this.ownSeat(conversation) ?? {};
    const { first_seq = 1 } = this.conversations.get(conversation) ?? {};
    return Math.max(Math.min(read_seq, (unread_from ?? Infinity) - 1), first_seq - 1);
  }

  /** @param {string} conversation @param {number} seq */
  at(conversation, seq) {
    const id = this.#histories.get(conversation)?.get(seq);
    return id === undefined ? undefined : this.messages.get(id);
  }

  /** @param {string} conversation how many messages of it are known */
  size(conversation) {
    return this.#histories.get(conversation)?.size ?? 0;
  }

  /** @param {string} conversation whether any message of it is known */
  has(conversation) {
    return (this.#histories.get(conversation)?.size ?? 0) > 0;
  }

  /**
   * The unbroken stretch around `seq`: how far it reaches, at most `reach` messages each way; null when `seq` is unknown.
   *
   * @param {string} conversation
   * @param {number} seq
   * @param {number} [reach]
   */
  stretch(conversation, seq, reach = Infinity) {
    const history = this.#histories.get(conversation);
    if (!history?.has(seq)) return null;
    let from = seq;
    let to = seq;
    while (history.has(from - 1) && seq - from < reach) from -= 1;
    while (history.has(to + 1) && to - seq < reach) to += 1;
    return { from, to };
  }

  /**
   * @param {string} conversation
   * @param {number} from
   * @param {number} to
   * @returns {Message[]} those that are known, oldest first
   */
  between(conversation, from, to) {
    const found = [];
    for (let seq = from; seq <= to; seq += 1) {
      const message = this.at(conversation, seq);
      if (message) found.push(message);
    }
    return found;
  }

  /** @param {Message} root @returns {Message[]} the replies that are known, oldest first */
  replies(root) {
    const found = [];
    for (const id of this.#histories.get(root.conversation)?.values() ?? []) {
      const message = this.messages.get(id);
      if (message?.thread === root.id) found.push(message);
    }
    return found.sort((one, other) => one.seq - other.seq);
  }

  // --- The parts ------------------------------------------------------------------------------------

  /** @param {SyncAnswer} answer */
  #takePage(answer) {
    this.putOrganization(answer.organization);
    if (answer.members_gap) this.#forgetMembers(new Set(answer.members.map((member) => member.id)));
    for (const member of [answer.me, ...answer.members]) this.putMember(member);
    for (const conversation of answer.removed.conversations) this.removeConversation(conversation);
    const oldest = oldestOf(answer.messages);
    for (const told of answer.conversations) this.#takeConversation(told, oldest.get(told.id) ?? told.last_seq + 1);
    for (const participant of answer.participants) this.putParticipant(participant);
    for (const message of answer.messages) answer.full ? this.putMessage(message) : this.takeMessage(message);
    if (answer.cases) this.#forgetOwn("cases");
    for (const noun of OWN) for (const entity of answer[noun] ?? []) this.#putOwn(noun, entity);
  }

  /** @param {SyncConversation} told @param {number} oldest seq of its messages in the same answer */
  #takeConversation({ history_gap, participants_gap, ...conversation }, oldest) {
    if (!this.conversations.has(conversation.id)) this.#peopled.add(conversation.id);
    this.putConversation(conversation);
    if (history_gap) this.forgetHistory(conversation.id, oldest);
    if (participants_gap) this.#forgetSeats(conversation.id);
  }

  #forgetAll() {
    this.#replacedAt = this.#peopleForgottenAt = this.#moment += 1;
    for (const id of [...this.conversations.keys()]) this.removeConversation(id);
    this.#forgetMembers(new Set());
    OWN.forEach((noun) => this.#forgetOwn(noun));
    this.organization = null;
    this.#left.clear();
  }

  /** @param {string} conversation all but one's own */
  #forgetSeats(conversation) {
    const own = this.ownSeat(conversation);
    if (this.participants.has(conversation)) this.participants.set(conversation, new Map(own ? [[this.me, own]] : []));
    this.#peopled.delete(conversation);
    this.#forgottenAt.set(conversation, (this.#moment += 1));
    this.#changes.participants.add(conversation);
  }

  /** @param {Set<string>} except */
  #forgetMembers(except) {
    const gone = [...this.members.keys()].filter((id) => !except.has(id));
    if (gone.length) this.#peopleForgottenAt = this.#moment += 1;
    for (const id of gone) {
      this.members.delete(id);
      this.#changes.members.add(id);
    }
  }

  /** @param {typeof OWN[number]} noun @param {Report | Sanction | Case} entity what is told to the member alone */
  #putOwn(noun, entity) {
    const known = /** @type {Map<string, {version: number}>} */ (this[noun]);
    if (!isNewer(entity, known.get(entity.id))) return;
    this.batch(() => {
      known.set(entity.id, entity);
      this.#changes[noun].add(entity.id);
    });
  }

  /** @param {typeof OWN[number]} noun */
  #forgetOwn(noun) {
    for (const id of this[noun].keys()) this.#changes[noun].add(id);
    this[noun].clear();
  }

  /** What is known is not told any more to who became a guest, or is no moderator any more: nothing of it may stay. */
  #onOwnRole() {
    this.#forgetUnmet();
    if (!this.moderates) this.batch(() => this.#forgetOwn("cases"));
  }

  /** Guests are told of people they share a conversation with; of the others they would never hear what became of them. */
  #forgetUnmet() {
    if (this.members.get(this.me)?.role === "guest") this.batch(() => this.#forgetMembers(this.#spokenOf()));
  }

  /** Every member that something here refers to. */
  #spokenOf() {
    const found = new Set([this.me]);
    const add = (/** @type {string} */ id) => found.add(id);
    for (const conversation of this.conversations.values()) conversation.people.forEach(add);
    for (const seats of this.participants.values()) for (const id of seats.keys()) found.add(id);
    for (const { author } of this.heads.values()) found.add(author);
    for (const message of this.messages.values()) {
      found.add(message.author);
      for (const reaction of message.reactions) reaction.members.forEach(add);
    }
    return found;
  }

  /** @param {Participant} seat @param {Map<string, Participant>} seats */
  #leave({ conversation, member, version }, seats) {
    seats.delete(member);
    this.#left.set(`${conversation} ${member}`, version);
    if (member !== this.me) return;
    this.removeConversation(conversation);
    this.#forgetUnmet();
  }

  /** @param {string} conversation @param {Partial<Participant>} changes what the server is told, or concludes, too */
  #changeOwnSeat(conversation, changes) {
    const own = this.ownSeat(conversation);
    if (!own || sameSeat(own, { ...own, ...changes })) return;
    this.batch(() => {
      this.participants.get(conversation)?.set(this.me, { ...own, ...changes });
      this.#changes.participants.add(conversation);
    });
  }

  /** @param {string} conversation @param {Partial<Read>} read @param {{endMark?: boolean}} [options] */
  #addRead(conversation, read, { endMark = false } = {}) {
    const own = this.ownSeat(conversation);
    if (own)
      this.#changeOwnSeat(conversation, {
        ...mergeRead(own, { read: [], ...read }),
        ...(endMark && own.unread_from && { unread_from: null }),
      });
  }

  /** @param {Message} reply whether it is certain that the member does not follow its thread */
  #isForeign({ conversation, thread, seq }) {
    const head = this.messages.get(thread ?? "");
    if (!thread || !head || seq - head.seq > LOOKED_BACK) return false;
    const between = this.between(conversation, head.seq, seq);
    return between.length === seq - head.seq + 1 && isForeignThread(this.me, thread, between);
  }

  /** @param {string} id */
  #unreadIn(id) {
    const conversation = this.conversations.get(id);
    const seat = this.ownSeat(id);
    if (!conversation || !seat) return { gaps: [], count: 0 };
    const known = this.#unread.get(id);
    if (known && known.conversation === conversation && known.seat === seat) return known;
    const gaps = unreadOf(conversation, seat);
    const found = { conversation, seat, gaps, count: sizeOf(gaps) };
    this.#unread.set(id, found);
    return found;
  }

  /** @param {Message} message */
  #moveLast({ conversation: id, seq, created_at }) {
    const conversation = this.conversations.get(id);
    if (!conversation || conversation.last_seq >= seq) return;
    this.conversations.set(id, { ...conversation, last_seq: seq, last_message_at: created_at });
    this.#changes.conversations.add(id);
  }

  /** @param {Message} head */
  #putHead(head) {
    if (this.heads.has(head.id)) return; // it cannot change any more
    this.batch(() => {
      this.heads.set(head.id, head);
      this.#changes.histories.add(head.conversation);
    });
  }

  /** @param {string} conversation */
  #history(conversation) {
    const history = this.#histories.get(conversation) ?? new Map();
    this.#histories.set(conversation, history);
    return history;
  }

  #tell() {
    const changes = this.#changes;
    this.#changes = noChanges();
    const { organization, ...sets } = changes;
    if (organization || Object.values(sets).some((set) => set.size)) for (const observer of this.#observers) observer(changes);
  }
}

/** @returns {Changes} */
function noChanges() {
  return {
    members: new Set(),
    conversations: new Set(),
    participants: new Set(),
    messages: new Set(),
    histories: new Set(),
    reports: new Set(),
    sanctions: new Set(),
    cases: new Set(),
    organization: false,
  };
}

/** @param {{version: number}} entity @param {{version: number} | undefined} known */
function isNewer(entity, known) {
  return !known || entity.version > known.version;
}

/** @param {Message[]} messages @returns {Map<string, number>} by conversation the lowest seq among them */
function oldestOf(messages) {
  const found = new Map();
  for (const { conversation, seq } of messages) found.set(conversation, Math.min(seq, found.get(conversation) ?? seq));
  return found;
}

/** @param {Participant} one @param {Participant} other */
function sameSeat(one, other) {
  const fields = /** @type {const} */ (["version", "role", "left_at", "read_seq", "unread_from", "notifications", "muted", "favourite"]);
  return fields.every((field) => one[field] === other[field]) && JSON.stringify(one.read) === JSON.stringify(other.read);
}
