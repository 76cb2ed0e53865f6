/** @import {Ranges} from "../ranges.js" */
/** @import {Read} from "../reading.js" */
/** @import {Conversation, Message, Participant, Rule} from "../types.js" */

import { clip, contains, rangesOf, sizeOf } from "../ranges.js";
import { isForeignThread, mergeRead, unreadOf } from "../reading.js";
import { Conversations } from "./conversations.js";

const LOOKED_BACK = 300; // messages of the main line in which the head of a thread is looked for; further back, the client waits for the server's answer

/** What counts as read for the member, and what is unread. */
export class ReadState extends Conversations {
  /** @type {Map<string, {conversation: Conversation, participant: Participant, gaps: Ranges, count: number}>} what is unread, until either changes */
  #unread = new Map();
  /** @type {Map<string, Set<number>> | null} by conversation: the seqs of the messages that concern the member; null: to be read anew */
  #concerning = null;

  /** @override @param {string} noun @param {any} entity */
  putEntity(noun, entity) {
    if (noun === "attention") this.#concerning = null;
    super.putEntity(noun, entity);
  }

  /** @override @protected @param {(rule: Rule) => boolean} which @param {(key: any, rule: Rule) => boolean} [gone] */
  forgetEntities(which, gone) {
    this.#concerning = null;
    super.forgetEntities(which, gone);
  }

  /**
   * @param {{conversation: string, seq: number}} message
   * @returns {boolean} whether the server says that it concerns the member: it names them or everybody, answers in a thread
   *   that they follow, or contains one of their keywords
   */
  concerns({ conversation, seq }) {
    return this.#concerningIn(conversation)?.has(seq) ?? false;
  }

  /** @param {string} conversation how many of its unread messages concern the member, whether the page has them or not */
  attention(conversation) {
    const seqs = this.#concerningIn(conversation);
    if (!seqs) return 0;
    const { gaps } = this.#unreadIn(conversation);
    return [...seqs].filter((seq) => contains(gaps, seq)).length;
  }

  /**
   * The main line was shown up to `seq`; that ends a mark. Of the messages that are known, this marks those that the server
   * will count as read: it leaves out replies of threads that the member follows. The server's answer adds the others.
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
    const { read = [] } = this.ownParticipant(conversation) ?? {};
    const shown = this.unreadMessages(conversation, { to: seq }).filter(
      (message) => message.thread === head && !contains(read, message.seq),
    );
    this.#addRead(conversation, { read: rangesOf(shown.map((message) => message.seq)) });
    return shown.length > 0;
  }

  /** @param {string} conversation @param {Partial<Read>} read what counts as read in another tab */
  addRead(conversation, read) {
    this.#addRead(conversation, read);
  }

  /** @param {string} conversation @param {number} seq unread from here on; the read position stays where it is */
  markUnread(conversation, seq) {
    this.changeOwnParticipant(conversation, { unread_from: seq });
  }

  /**
   * Put a message that came with an event or the answer to a command: by then the server has counted the member's own as
   * read. (A page of history says nothing about that.)
   *
   * @param {Message} message
   */
  takeMessage(message) {
    this.batch(() => {
      this.putMessage(message);
      if (message.author === this.me) this.#addRead(message.conversation, { read: [[message.seq, message.seq]] });
    });
  }

  /** @param {string} conversation how many messages are unread; 0 where the member does not take part */
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
    const history = this.history(conversation);
    const gaps = this.#unreadIn(conversation).gaps;
    if (!history.size || gaps.length === 0) return [];
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
    const { read_seq = 0, unread_from } = this.ownParticipant(conversation) ?? {};
    const { first_seq = 1 } = this.conversations.get(conversation) ?? {};
    return Math.max(Math.min(read_seq, (unread_from ?? Infinity) - 1), first_seq - 1);
  }

  /** @param {string} conversation @param {Partial<Read>} read @param {{endMark?: boolean}} [options] */
  #addRead(conversation, read, { endMark = false } = {}) {
    const own = this.ownParticipant(conversation);
    if (own)
      this.changeOwnParticipant(conversation, {
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
  #concerningIn(id) {
    this.#concerning ??= this.#readConcerning();
    return this.#concerning.get(id);
  }

  #readConcerning() {
    /** @type {Map<string, Set<number>>} */
    const found = new Map();
    for (const { conversation, seq, author, withdrawn_at } of this.entities.attention.values()) {
      if (withdrawn_at || author === this.me) continue;
      const seqs = found.get(conversation) ?? new Set();
      found.set(conversation, seqs.add(seq));
    }
    return found;
  }

  /** @param {string} id */
  #unreadIn(id) {
    const conversation = this.conversations.get(id);
    const participant = this.ownParticipant(id);
    if (!conversation || !participant) return { gaps: [], count: 0 };
    const known = this.#unread.get(id);
    if (known && known.conversation === conversation && known.participant === participant) return known;
    const gaps = unreadOf(conversation, participant);
    const found = { conversation, participant, gaps, count: sizeOf(gaps) };
    this.#unread.set(id, found);
    return found;
  }
}
