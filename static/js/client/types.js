/**
 * The entities of the wire protocol. Generated from chat/entities/ and chat/queries/sync/ by
 * tests/js/generate_types.py; a test compares them. Ids are UUIDs, times RFC 3339 in UTC.
 */

/**
 * What the store does with entities that have no rules of their own, by the noun of their events. `key` is the field by
 * which the collection is indexed. `owner` names the member or the conversation with which the entity is forgotten.
 * `whole`: sync answers with the whole collection, in place of what is known. `moderators`: only they keep it.
 *
 * @type {Record<string, Rule>}
 */
export const RULES = {
  attention: { collection: "attention", key: "id", owner: "conversation" },
  case: { collection: "cases", key: "id", whole: true, moderators: true },
  report: { collection: "reports", key: "id" },
  sanction: { collection: "sanctions", key: "id" },
  status: { collection: "statuses", key: "member", owner: "member" },
};

/**
 * @typedef {object} Rule
 * @property {keyof Collections} collection
 * @property {string} key
 * @property {"member" | "conversation"} [owner]
 * @property {boolean} [whole]
 * @property {boolean} [moderators]
 */

/**
 * @typedef {object} Attention
 * @property {string} id
 * @property {string} message
 * @property {string} conversation
 * @property {number} seq
 * @property {string | null} thread
 * @property {string} author
 * @property {string | null} member
 * @property {"mention" | "group" | "reply" | "keyword"} reason
 * @property {string | null} withdrawn_at
 * @property {number} version
 */

/**
 * @typedef {object} Case
 * @property {string} id
 * @property {"spam" | "harassment" | "inappropriate" | "confidential" | "other"} reason
 * @property {"open" | "in_review" | "resolved" | "dismissed"} state
 * @property {string} created_at
 * @property {number} version
 */

/**
 * @typedef {object} Conversation
 * @property {string} id
 * @property {"public" | "private" | "direct" | "group"} kind
 * @property {string | null} name
 * @property {string} topic
 * @property {string[]} people
 * @property {string | null} created_by
 * @property {string} created_at
 * @property {string | null} archived_at
 * @property {string | null} locked_at
 * @property {boolean} announcement_only
 * @property {number} slow_mode
 * @property {number | null} retention_days
 * @property {number} first_seq
 * @property {number} last_seq
 * @property {string | null} last_message_at
 * @property {[number, number][]} gone
 * @property {number} version
 */

/**
 * @typedef {object} Preferences
 * @property {"light" | "dark" | "system"} theme
 * @property {"comfortable" | "compact"} density
 * @property {"12" | "24" | "auto"} clock
 * @property {"full" | "reduced" | "system"} motion
 * @property {"on" | "off"} smileys
 * @property {string[]} keywords
 */

/**
 * @typedef {object} Member
 * @property {string} id
 * @property {string} handle
 * @property {string} name
 * @property {string} title
 * @property {"owner" | "admin" | "moderator" | "member" | "guest"} role
 * @property {string} joined_at
 * @property {string | null} deactivated_at
 * @property {string | null} suspended_at
 * @property {number} version
 * @property {Preferences} [preferences]
 * @property {string | null} [muted_until]
 */

/**
 * @typedef {object} Reaction
 * @property {string} emoji
 * @property {string[]} members
 */

/**
 * @typedef {object} Attachment
 * @property {string} id
 * @property {string} name
 * @property {number} size
 * @property {string} content_type
 * @property {"uploading" | "checking" | "ready" | "refused"} state
 * @property {number | null} width
 * @property {number | null} height
 * @property {number | null} seconds
 * @property {string} alt
 * @property {string} uploader
 * @property {string | null} message
 * @property {number} version
 */

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {string} conversation
 * @property {number} seq
 * @property {string} author
 * @property {string} text
 * @property {string} html
 * @property {string | null} thread
 * @property {number} reply_count
 * @property {Reaction[]} reactions
 * @property {string[]} mentions
 * @property {"here" | "channel" | "group" | null} wide_mention
 * @property {Attachment[]} attachments
 * @property {string} created_at
 * @property {string | null} edited_at
 * @property {string | null} deleted_at
 * @property {string | null} hidden_at
 * @property {string | null} pinned_at
 * @property {string | null} pinned_by
 * @property {number} version
 * @property {string | null} ref
 * @property {boolean} [expired]
 */

/**
 * @typedef {object} Organization
 * @property {string} id
 * @property {string} slug
 * @property {string} name
 * @property {string} description
 * @property {number | null} edit_window
 * @property {number | null} retention_days
 * @property {number} version
 */

/**
 * @typedef {object} Participant
 * @property {string} conversation
 * @property {string} member
 * @property {"admin" | "member"} role
 * @property {string} joined_at
 * @property {string | null} left_at
 * @property {number} version
 * @property {number} [read_seq]
 * @property {[number, number][]} [read]
 * @property {number | null} [unread_from]
 * @property {"all" | "mentions" | "none"} [notifications]
 * @property {boolean} [muted]
 * @property {boolean} [favourite]
 */

/**
 * @typedef {object} Report
 * @property {string} id
 * @property {string | null} message
 * @property {string} conversation
 * @property {"spam" | "harassment" | "inappropriate" | "confidential" | "other"} reason
 * @property {string} comment
 * @property {"open" | "in_review" | "resolved" | "dismissed"} state
 * @property {"no_action" | "hidden" | "removed" | "warned" | "muted" | "suspended" | "other" | null} outcome
 * @property {string} created_at
 * @property {string | null} decided_at
 * @property {string | null} acknowledged_at
 * @property {number} version
 */

/**
 * @typedef {object} Sanction
 * @property {string} id
 * @property {string} member
 * @property {"warning" | "mute" | "suspension"} kind
 * @property {string} reason
 * @property {string | null} until
 * @property {string} created_at
 * @property {string | null} lifted_at
 * @property {string | null} acknowledged_at
 * @property {number} version
 */

/**
 * @typedef {object} Status
 * @property {string} member
 * @property {string} text
 * @property {string} emoji
 * @property {string | null} until
 * @property {number} version
 */

/**
 * @typedef {object} SyncConversation
 * @property {string} id
 * @property {"public" | "private" | "direct" | "group"} kind
 * @property {string | null} name
 * @property {string} topic
 * @property {string[]} people
 * @property {string | null} created_by
 * @property {string} created_at
 * @property {string | null} archived_at
 * @property {string | null} locked_at
 * @property {boolean} announcement_only
 * @property {number} slow_mode
 * @property {number | null} retention_days
 * @property {number} first_seq
 * @property {number} last_seq
 * @property {string | null} last_message_at
 * @property {[number, number][]} gone
 * @property {number} version
 * @property {boolean} history_gap
 * @property {boolean} participants_gap
 */

/**
 * @typedef {object} Removed
 * @property {string[]} conversations
 * @property {string[]} members
 */

/**
 * @typedef {object} Presence
 * @property {string} member
 * @property {"online" | "away" | "offline"} state
 */

/**
 * @typedef {object} SyncAnswer
 * @property {string} cursor
 * @property {boolean} full
 * @property {boolean} more
 * @property {Organization} organization
 * @property {Member} me
 * @property {Member[]} members
 * @property {boolean} members_gap
 * @property {SyncConversation[]} conversations
 * @property {Participant[]} participants
 * @property {Message[]} messages
 * @property {Removed} removed
 * @property {Presence[]} presence
 * @property {Attention[]} attention
 * @property {Case[] | null} cases
 * @property {Report[]} reports
 * @property {Sanction[]} sanctions
 * @property {Status[]} statuses
 */

/**
 * @typedef {object} Collections
 * @property {Map<string, Attention>} attention
 * @property {Map<string, Case>} cases
 * @property {Map<string, Report>} reports
 * @property {Map<string, Sanction>} sanctions
 * @property {Map<string, Status>} statuses
 */

/**
 * @typedef {object} Event
 * @property {number} id
 * @property {"attention.created" | "attention.updated" | "case.created" | "case.updated" | "conversation.created" | "conversation.updated" | "member.created" | "member.updated" | "message.created" | "message.deleted" | "message.updated" | "organization.updated" | "participant.created" | "participant.removed" | "participant.updated" | "report.created" | "report.updated" | "sanction.created" | "sanction.updated" | "status.updated"} type
 * @property {string | null} conversation
 * @property {string} at
 * @property {any} data the entity that the noun of `type` names
 */
