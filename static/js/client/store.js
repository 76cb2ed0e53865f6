/** @import {Case, Event as WireEvent, Message, Report, SyncAnswer} from "./types.js" */

import { ReadState } from "./store/read-state.js";
import { RULES } from "./types.js";

/**
 * The organization as far as this client knows it. Applying an entity is "replace if newer" by `version`, so repeating
 * and reordering do no harm. What only grows (`last_seq`, `read`, `read_seq`) never goes back.
 *
 * The classes in store/ stand on top of one another: entities and members, messages and conversations, read state. This
 * class applies events and answers of sync.
 */
export class Store extends ReadState {
  /** @param {WireEvent} event one of a type that is not known belongs to a later version of the server */
  apply({ type, data }) {
    const noun = type.slice(0, type.indexOf("."));
    if (noun === "message") {
      if (this.ownParticipant(data.conversation)) this.takeMessage(data); // any other is not for the member to keep
    } else if (noun === "participant") this.putParticipant(data);
    else if (noun === "conversation") this.putConversation(data);
    else if (noun === "organization") this.putOrganization(data);
    else if (noun === "member") {
      this.putMember(data);
      if (data.id === this.me) this.#onOwnRole();
    } else if (this.moderates || !RULES[noun]?.moderators) this.putEntity(noun, data);
  }

  /** @param {SyncAnswer[]} answers all pages of one sync; from the last one that is `full` on they replace what was known */
  take(answers) {
    const full = answers.findLastIndex((answer) => answer.full);
    this.batch(() => {
      if (full >= 0) this.replaceAll();
      for (const answer of answers.slice(Math.max(0, full))) this.#takePage(answer);
      this.#onOwnRole();
    });
  }

  /** @returns {Case[]} for moderators: the reports that nobody has decided yet */
  get openCases() {
    return [...this.entities.cases.values()].filter(({ state }) => state === "open" || state === "in_review");
  }

  /** @returns {Report[]} decided ones whose outcome the member has not acknowledged yet */
  get outcomes() {
    return [...this.entities.reports.values()].filter(({ decided_at, acknowledged_at }) => decided_at && !acknowledged_at);
  }

  /** @param {SyncAnswer} answer */
  #takePage(answer) {
    this.putOrganization(answer.organization);
    if (answer.members_gap) this.forgetMembers(new Set(answer.members.map((member) => member.id)));
    for (const member of [answer.me, ...answer.members]) this.putMember(member);
    for (const conversation of answer.removed.conversations) this.removeConversation(conversation);
    const oldest = oldestOf(answer.messages);
    for (const one of answer.conversations) this.takeConversation(one, oldest.get(one.id) ?? one.last_seq + 1);
    for (const participant of answer.participants) this.putParticipant(participant);
    for (const message of answer.messages) answer.full ? this.putMessage(message) : this.takeMessage(message);
    this.takeEntities(answer);
  }

  /** Forget what the member may no longer know: guests some people, members who are not moderators their entities. */
  #onOwnRole() {
    this.forgetUnmet();
    if (!this.moderates) this.forgetEntities((rule) => Boolean(rule.moderators));
  }
}

/** @param {Message[]} messages @returns {Map<string, number>} by conversation the lowest seq among them */
function oldestOf(messages) {
  const found = new Map();
  for (const { conversation, seq } of messages) found.set(conversation, Math.min(seq, found.get(conversation) ?? seq));
  return found;
}
