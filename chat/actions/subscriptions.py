"""Follow a thread, or stop. Lock order: conversation, subscription, clients (inside publish)."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext

from accounts.models import Member
from accounts.rules import governed
from chat import rules
from chat.access import find_message
from chat.delivery import Draft, one_member, publish
from chat.entities.subscriptions import Subscription as SubscriptionEntity
from chat.errors import Forbidden
from chat.models.subscriptions import Subscription


@governed(rules.SUBSCRIBE)
@transaction.atomic
def subscribe(member: Member, message_id: UUID, *, follows: bool) -> SubscriptionEntity:
    """Record whether the member follows the thread of the message, and return it. The same again changes nothing.

    The conversation is locked, so that each reply is written before or after it. Raises NotFound, and Forbidden where
    the member does not take part.
    """
    message, access = find_message(member, message_id, lock=True)
    if access.participant is None:
        raise Forbidden(gettext("Join the channel first."))
    given = {"organization_id": member.organization_id, "follows": not follows, "since": 0}
    row, _ = Subscription.objects.select_for_update().get_or_create(
        member=member, thread=message.thread_id or message.pk, defaults=given
    )
    entity: SubscriptionEntity = row.entity()
    if row.follows == follows:
        return entity
    row.follows, row.since, row.version = follows, access.conversation.last_seq, row.version + 1
    row.save(update_fields=["follows", "since", "version"])
    entity = row.entity()
    draft = Draft(type="subscription.updated", entity=entity, entity_id=row.pk, audience=one_member(member.pk))
    publish(member.organization_id, draft)
    return entity
