import accounts.tenancy
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

# Reports that were made before say what their message said.
FILL = """
UPDATE chat_report r SET conversation_id = m.conversation_id, author_id = m.author_id
FROM chat_message m WHERE m.id = r.message_id;
UPDATE chat_report SET decided_at = created_at, outcome = 'other' WHERE state IN ('resolved', 'dismissed');
SET CONSTRAINTS ALL IMMEDIATE;
"""


def to_member(**options):
    return models.ForeignKey(
        db_constraint=False,
        **{"on_delete": django.db.models.deletion.CASCADE, "related_name": "+", "to": "accounts.member"} | options,
    )


FORMER = {"on_delete": django.db.models.deletion.SET_NULL, "null": True}
ORGANIZATION = models.ForeignKey(
    db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.organization"
)
EVENT_TYPES = [
    "conversation.created",
    "conversation.updated",
    "member.created",
    "member.updated",
    "message.created",
    "message.deleted",
    "message.updated",
    "organization.updated",
    "participant.created",
    "participant.removed",
    "participant.updated",
    "report.created",
    "report.updated",
    "sanction.created",
    "sanction.updated",
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_moderation"), ("chat", "0011_event_audience")]
    operations = [
        migrations.AddField("conversation", "locked_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("conversation", "announcement_only", models.BooleanField(db_default=False, default=False)),
        migrations.AddField(
            "conversation",
            "slow_mode",
            models.PositiveIntegerField(
                db_default=0, default=0, help_text="Seconds between two messages of one member; 0: off."
            ),
        ),
        migrations.AddField(
            "conversation",
            "retention_days",
            models.PositiveIntegerField(
                blank=True, help_text="Empty: as the organization says; 0: for ever.", null=True
            ),
        ),
        migrations.AddField("conversation", "first_seq", models.BigIntegerField(db_default=1, default=1)),
        migrations.AddField("message", "hidden_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("message", "purged_at", models.DateTimeField(blank=True, null=True)),
        migrations.RemoveConstraint("event", "event_type_known"),
        migrations.AddConstraint(
            "event",
            models.CheckConstraint(condition=models.Q(("type__in", EVENT_TYPES)), name="event_type_known"),
        ),
        migrations.AlterField(
            "report",
            "message",
            models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="reports",
                to="chat.message",
            ),
        ),
        migrations.AddField(
            "report",
            "conversation",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="chat.conversation",
            ),
        ),
        migrations.AddField("report", "author", to_member(db_index=False, null=True)),
        migrations.AddField(
            "report",
            "outcome",
            models.CharField(
                blank=True,
                choices=[
                    ("no_action", "No action"),
                    ("hidden", "Message hidden"),
                    ("removed", "Message removed"),
                    ("warned", "Author warned"),
                    ("muted", "Author muted"),
                    ("suspended", "Author suspended"),
                    ("other", "Dealt with otherwise"),
                ],
                default="",
                max_length=9,
            ),
            preserve_default=False,
        ),
        migrations.AddField("report", "assignee", to_member(blank=True, **FORMER)),
        migrations.AddField("report", "decided_by", to_member(blank=True, **FORMER)),
        migrations.AddField("report", "decided_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("report", "version", models.PositiveIntegerField(default=1)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            "report",
            "conversation",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="chat.conversation",
            ),
        ),
        migrations.AlterField("report", "author", to_member(db_index=False)),
        migrations.AddConstraint("report", accounts.tenancy.tenant_key("report_tenant_key")),
        *(
            migrations.AddConstraint(
                "report", accounts.tenancy.TenantReference(field=field, to=to, name=f"report_{field}")
            )
            for field, to in (
                ("conversation", "chat_conversation"),
                ("author", "accounts_member"),
                ("assignee", "accounts_member"),
                ("decided_by", "accounts_member"),
            )
        ),
        migrations.AddConstraint(
            "report",
            models.CheckConstraint(
                name="report_decided_or_not",
                condition=models.Q(
                    models.Q(("decided_at", None), ("outcome", ""), ("state__in", ["open", "in_review"])),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("state__in", ["resolved", "dismissed"]),
                        models.Q(("outcome", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
            ),
        ),
        migrations.AddIndex("report", models.Index(fields=["author", "-created_at"], name="report_of_author")),
        migrations.AddIndex(
            "report",
            models.Index(
                condition=models.Q(("state__in", ["open", "in_review"])),
                fields=["conversation"],
                name="report_undecided",
            ),
        ),
        migrations.CreateModel(
            name="ReportNote",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("text", models.CharField(max_length=2000)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("author", to_member(db_index=False)),
                ("organization", ORGANIZATION.clone()),
                (
                    "report",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to="chat.report",
                    ),
                ),
            ],
            options={
                "constraints": [
                    accounts.tenancy.TenantReference(
                        field="report", to="chat_report", name="report_note_report", on_delete="CASCADE"
                    ),
                    accounts.tenancy.TenantReference(field="author", to="accounts_member", name="report_note_author"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Sanction",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.tenancy.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("warning", "Warning"), ("mute", "Mute"), ("suspension", "Suspension")],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                (
                    "until",
                    models.DateTimeField(
                        blank=True, help_text="When it ends by itself; empty: when it is lifted.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("lift_reason", models.CharField(blank=True, max_length=500)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_by", to_member(db_index=False, **FORMER)),
                ("lifted_by", to_member(blank=True, db_index=False, **FORMER)),
                ("member", to_member(db_index=False)),
                ("organization", ORGANIZATION.clone()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["member", "-created_at"], name="sanction_of_member"),
                    models.Index(fields=["organization", "-created_at"], name="sanction_newest"),
                ],
                "constraints": [
                    accounts.tenancy.tenant_key("sanction_tenant_key"),
                    *(
                        accounts.tenancy.TenantReference(field=field, to="accounts_member", name=f"sanction_{field}")
                        for field in ("member", "created_by", "lifted_by")
                    ),
                ],
            },
        ),
    ]
