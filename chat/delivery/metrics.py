"""The metrics of delivery. Names end in their unit; no label names a tenant, a member or a client."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SOCKETS: Final = Gauge("parley_sockets", "Open sockets of this node", multiprocess_mode="livesum")
CONNECTS: Final = Counter("parley_connects_total", "Sockets that got a hello", ["outcome"])
CLOSES: Final = Counter("parley_closes_total", "Sockets that this node closed", ["code"])
DELIVERIES: Final = Counter("parley_deliveries_total", "Durable events written to sockets")
FRAMES: Final = Counter("parley_event_frames_total", "Frames that carried durable events")
ACKS: Final = Counter("parley_acks_total", "Durable events acked by clients")
RESYNCS: Final = Counter("parley_resyncs_total", "Resyncs sent to clients", ["reason"])
OVERFLOWS: Final = Counter("parley_mailbox_overflows_total", "Mailboxes emptied because they grew beyond a bound")
WAKEUPS: Final = Counter("parley_wakeups_total", "Wake-ups sent to nodes", ["outcome"])
UNREADABLE: Final = Counter(
    "parley_unreadable_node_messages_total", "Messages of nodes of another version that this node dropped"
)
REPAIRS: Final = Counter("parley_repairs_total", "Clients with new entries whose wake-up was lost")
SIGNALS: Final = Counter("parley_signals_total", "Signals, sent or shed under load", ["outcome"])
COMMANDS: Final = Counter("parley_commands_total", "Commands from sockets", ["op", "outcome"])
READ_SECONDS: Final = Histogram(
    "parley_mailbox_read_seconds",
    "One read of all waiting mailboxes",
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3),
)
PURGED: Final = Counter("parley_purged_rows_total", "Rows that the purge removed", ["what"])
