/** @import {Change, Subject} from "../changes.js" */
/** @import {Conversation, Message, Participant} from "../types.js" */

import { SUBJECTS, withChanges } from "../changes.js";

/**
 * Shows entities with the changes that the member has made and the server has not confirmed. What the server said of them
 * is kept beside it, so that nothing is lost when a change is refused.
 */
export class Overlay {
  /** @type {(target: string) => Change[]} */
  changesOf = () => [];
  /** @type {Map<string, any>} by subject and id: the entities that are shown differently, as the server has them */
  #confirmed = new Map();

  /** @param {string} me */
  constructor(me) {
    this.me = me;
  }

  /**
   * @template {Message | Participant | Conversation} T
   * @param {Subject} subject
   * @param {string} id of the message, else of the conversation
   * @param {T} entity as the server has it
   * @returns {T} as it is shown
   */
  show(subject, id, entity) {
    const changes = this.changesOf(id).filter(({ kind, state }) => state === "sending" && SUBJECTS[kind] === subject);
    if (changes.length === 0) {
      this.#confirmed.delete(`${subject} ${id}`);
      return entity;
    }
    this.#confirmed.set(`${subject} ${id}`, entity);
    return withChanges(entity, changes, this.me);
  }

  /**
   * @template {Message | Participant | Conversation | undefined} T
   * @param {Subject} subject
   * @param {string} id
   * @param {T} shown
   * @returns {T} as the server has it
   */
  confirmed(subject, id, shown) {
    return shown && (this.#confirmed.get(`${subject} ${id}`) ?? shown);
  }
}
