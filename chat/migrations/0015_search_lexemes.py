import chat.models.messages
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from chat.lexemes import vector

BATCH = 2_000  # messages indexed in one transaction


def index_texts(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Index every message anew. Each batch is a transaction of its own; an interrupted migration begins again."""
    with schema_editor.connection.cursor() as cursor:
        last = None
        while True:
            cursor.execute(
                "SELECT id, text FROM chat_message WHERE text <> '' AND (%s::uuid IS NULL OR id > %s) ORDER BY id LIMIT %s",
                [last, last, BATCH],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            cursor.execute(
                "UPDATE chat_message SET search = n.search::tsvector"
                " FROM unnest(%s::uuid[], %s::text[]) AS n (id, search) WHERE chat_message.id = n.id",
                [[id for id, _ in rows], [vector(text) for _, text in rows]],
            )
            last = rows[-1][0]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("chat", "0014_recent_entries")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE chat_message ALTER COLUMN search DROP EXPRESSION IF EXISTS",
                    "ALTER TABLE chat_message DROP COLUMN search;"
                    " ALTER TABLE chat_message ADD COLUMN search tsvector"
                    " GENERATED ALWAYS AS (to_tsvector('english'::regconfig, coalesce(text, ''))) STORED;"
                    " CREATE INDEX message_search ON chat_message USING gin (search)",
                )
            ],
            state_operations=[
                migrations.AlterField("message", "search", chat.models.messages.LexemesField(editable=False, null=True)),
            ],
        ),
        migrations.RunPython(index_texts, migrations.RunPython.noop),
    ]
