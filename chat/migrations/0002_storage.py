from django.db import migrations

# chat_client and chat_conversation are updated for every message: room in the page keeps those updates heap-only.
# chat_mailboxentry is a queue: rows live for milliseconds, so vacuum must come by count of changes, not by share of the table.
FORWARD = """
ALTER TABLE chat_client SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0);
ALTER TABLE chat_conversation SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE chat_participant SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE chat_mailboxentry SET (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 50000,
    autovacuum_vacuum_insert_threshold = 500000, autovacuum_vacuum_cost_delay = 0);
"""
BACKWARD = """
ALTER TABLE chat_client RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_vacuum_cost_delay);
ALTER TABLE chat_conversation RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE chat_participant RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE chat_mailboxentry RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_vacuum_insert_threshold, autovacuum_vacuum_cost_delay);
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
