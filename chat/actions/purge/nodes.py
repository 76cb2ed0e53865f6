"""Nodes whose lease ran out."""

# ruff: noqa: S608  # the parts are constants of this file, never input

from __future__ import annotations

from typing import Final

from django.db import transaction

from chat.actions.batches import column, execute, number

NODE_GRACE: Final = 60  # seconds after its lease ended; living nodes clean up sooner, this is for when none lives

_DEAD: Final = "lease_until < now() - make_interval(secs => %(grace)s)"


def count_dead_nodes() -> int:
    return number(f"SELECT count(*) FROM chat_node WHERE {_DEAD}", {"grace": NODE_GRACE})


@transaction.atomic
def remove_dead_nodes() -> int:
    """Delete nodes whose lease ran out and release their clients. Living nodes do the same within seconds."""
    nodes = column(
        f"SELECT id FROM chat_node WHERE {_DEAD} ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED", {"grace": NODE_GRACE}
    )
    if nodes:
        clients = column("SELECT id FROM chat_client WHERE node_id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [nodes])
        execute("UPDATE chat_client SET node_id = NULL, last_seen_at = now() WHERE id = ANY(%s)", [clients])
        execute("DELETE FROM chat_node WHERE id = ANY(%s)", [nodes])
    return len(nodes)
