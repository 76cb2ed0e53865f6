"""Give every reaction the one spelling of its emoji, and keep one row of those that then are the same.

Clients that have an older list show it until the message changes next. Reactions that are no emoji stay as they are;
their members can take them back.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

from chat.emoji import one_emoji

SAME = """
DELETE FROM chat_reaction r USING chat_reaction kept
WHERE r.emoji = %(old)s AND kept.emoji = %(new)s AND kept.message_id = r.message_id AND kept.member_id = r.member_id
"""
RENAME = "UPDATE chat_reaction SET emoji = %(new)s WHERE emoji = %(old)s"


def normalize(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT emoji FROM chat_reaction")
        for (old,) in cursor.fetchall():
            new = one_emoji(old)
            if new is not None and new != old:
                cursor.execute(SAME, {"old": old, "new": new})
                cursor.execute(RENAME, {"old": old, "new": new})


class Migration(migrations.Migration):
    dependencies = [("chat", "0017_read_sets")]
    operations = [migrations.RunPython(normalize, migrations.RunPython.noop)]
