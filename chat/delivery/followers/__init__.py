"""Followers: server-side work after an event, durable, in order, at least once.

A follower is a function that gets every event of the log, or those of some types: for notifications, webhooks, a search
index. An app registers it with `follow` in its `ready()`. The Celery worker calls it, woken after a commit and by beat
every few seconds. What is where:

registry.py   `follow`: which followers there are
reader.py     from the log into one queue per organization, safe against the order of commits
queues.py     the queues: which organization is next, and which of its events
worker.py     calls a handler with the next events, in the transaction that takes them out of the queue
failures.py   events that cannot be handled: tried again, set aside, tried once more by hand
gaps.py       events that were purged before they were handled
lag.py        how far each follower is behind
wake.py       wakes a worker after a commit, without cost for the sender

The order of events is kept within an organization, and so within a conversation. Several workers share the work: each
locks the queue of one organization, so no two of them handle events of the same organization for the same follower.
Lock order: the row of the follower, then queues; a handler's locks come after its queue. Nothing that sends a message
ever waits for either.

Sources: the queue between two snapshots is that of pgq (Skype, Londiste); the log as the source of all work after a
commit is the transactional outbox (Richardson, microservices.io).
"""

from chat.delivery.followers.registry import Effect, Followed, Handler, follow

__all__ = ["Effect", "Followed", "Handler", "follow"]
