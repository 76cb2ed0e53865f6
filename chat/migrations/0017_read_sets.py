"""Read positions become sets of messages (`read`); conversations know what of them is `gone` and when they were last
written to. What stood below a read position counts as read, as before."""

from typing import ClassVar

from django.db import migrations, models

import chat.models.ranges

FILL_READ = "UPDATE chat_participant SET read = int8multirange(int8range(0, read_seq, '[]')) WHERE read_seq > 0"
FILL_LAST_MESSAGE = """
UPDATE chat_conversation c SET last_message_at = m.created_at
FROM chat_message m WHERE m.conversation_id = c.id AND m.seq = c.last_seq
"""
# Tombstones below every read position are read anyway; of the others the newest 500, as chat/actions/changes.py.
FILL_GONE = """
UPDATE chat_conversation c SET gone = found.seqs
FROM (
    SELECT c.id, (
        SELECT range_agg(int8range(newest.seq, newest.seq, '[]')) FROM (
            SELECT m.seq FROM chat_message m
            WHERE m.conversation_id = c.id AND m.seq >= c.first_seq
                AND m.seq > LEAST(p.read_seq, p.unread_from - 1)
                AND (m.deleted_at IS NOT NULL OR m.hidden_at IS NOT NULL)
            ORDER BY m.seq DESC LIMIT 500
        ) AS newest
    ) AS seqs
    FROM chat_conversation c CROSS JOIN LATERAL (
        SELECT min(read_seq) AS read_seq, min(unread_from) AS unread_from
        FROM chat_participant WHERE conversation_id = c.id AND left_at IS NULL
    ) AS p
) AS found
WHERE c.id = found.id AND found.seqs IS NOT NULL
"""
# Replies that are tombstones are no longer counted.
COUNT_REPLIES = """
UPDATE chat_message h SET reply_count = GREATEST(0, h.reply_count - gone.count), version = h.version + 1
FROM (
    SELECT thread_id, count(*) AS count FROM chat_message
    WHERE thread_id IS NOT NULL AND (deleted_at IS NOT NULL OR hidden_at IS NOT NULL) GROUP BY thread_id
) AS gone
WHERE h.id = gone.thread_id
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("chat", "0016_reasons_and_outcomes")]

    operations: ClassVar[list[migrations.operations.base.Operation]] = [
        migrations.AddField(
            model_name="participant",
            name="read",
            field=chat.models.ranges.RangesField(
                db_default=[[0, 0]], default=chat.models.ranges.beginning, editable=False
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="gone",
            field=chat.models.ranges.RangesField(db_default=[], default=list, editable=False),
        ),
        migrations.AddField(
            model_name="conversation",
            name="last_message_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunSQL(FILL_READ, migrations.RunSQL.noop),
        migrations.RunSQL(FILL_LAST_MESSAGE, migrations.RunSQL.noop),
        migrations.RunSQL(FILL_GONE, migrations.RunSQL.noop),
        migrations.RunSQL(COUNT_REPLIES, migrations.RunSQL.noop),
    ]
