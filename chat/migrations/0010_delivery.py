from django.db import migrations, models

# Kept acks: one partition a day, made ahead by the purge task; the default one takes what comes before it has run.
KEPT = """
CREATE TABLE chat_ackedentry (
    organization_id uuid NOT NULL,
    member_id uuid NOT NULL,
    client uuid NOT NULL,
    tag bigint NOT NULL,
    event_id bigint NOT NULL,
    acked_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (acked_at);
CREATE INDEX ackedentry_event ON chat_ackedentry (event_id, member_id);
CREATE TABLE chat_ackedentry_rest PARTITION OF chat_ackedentry DEFAULT;
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0002_storage")]
    operations = [
        migrations.RemoveField(model_name="mailboxentry", name="acked_at"),
        migrations.AddField(
            model_name="event", name="pending", field=models.BooleanField(default=False, db_default=False)
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["id"], name="event_pending", condition=models.Q(("pending", True))),
        ),
        migrations.RunSQL(KEPT, "DROP TABLE chat_ackedentry"),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="AckedEntry",
                    fields=[
                        ("pk", models.CompositePrimaryKey("client", "tag", "acked_at", blank=True, editable=False, primary_key=True, serialize=False)),
                        ("organization_id", models.UUIDField()),
                        ("member_id", models.UUIDField()),
                        ("client", models.UUIDField()),
                        ("tag", models.BigIntegerField()),
                        ("event_id", models.BigIntegerField()),
                        ("acked_at", models.DateTimeField()),
                    ],
                    options={"db_table": "chat_ackedentry", "managed": False},
                ),
            ]
        ),
    ]
