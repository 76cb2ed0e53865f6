from __future__ import annotations

from chat.entities.subscriptions import Subscription as SubscriptionEntity
from chat.models.subscriptions import Subscription
from chat.queries.sync.own import newest_own
from chat.queries.sync.page import Page, reads


@reads(SubscriptionEntity)
def subscriptions(page: Page) -> list[SubscriptionEntity]:
    """Return which threads the member follows by their own choice, or does not follow any more."""
    return [row.entity() for row in newest_own(Subscription, page, owner="member_id")]
