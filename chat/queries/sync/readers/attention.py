from __future__ import annotations

from chat.attention.unread import unread_attention
from chat.entities.attentions import Attention
from chat.queries.sync.page import Page, reads


@reads(Attention)
def attention(page: Page) -> list[Attention]:
    """Return what concerns the member and is unread in the conversations of the page, whether it is new or not.

    It is at most MOST rows a conversation (chat/attention/unread.py).
    """
    found = unread_attention(page.member, [change.conversation for change in page.changes]) if page.changes else []
    return [row.entity(author=author, thread=thread) for row, author, thread in found]
