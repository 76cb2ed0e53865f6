from typing import ClassVar

from django.db import migrations, models

EVENT_TYPES = [
    "case.created",
    "case.updated",
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

# Measures that are in force already: their reasons are copied to the members.
COPY_REASONS = """
UPDATE accounts_member AS m SET mute_reason = s.reason FROM chat_sanction AS s
WHERE s.organization_id = m.organization_id AND s.member_id = m.id AND s.kind = 'mute' AND s.lifted_at IS NULL
    AND m.muted_until > now() AND s.until = m.muted_until;
UPDATE accounts_member AS m SET suspension_reason = s.reason FROM chat_sanction AS s
WHERE s.organization_id = m.organization_id AND s.member_id = m.id AND s.kind = 'suspension' AND s.lifted_at IS NULL
    AND m.suspended_at IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("accounts", "0007_reasons_of_measures"),
        ("chat", "0015_search_lexemes"),
    ]

    operations: ClassVar[list[migrations.operations.base.Operation]] = [
        migrations.RemoveConstraint("event", "event_type_known"),
        migrations.AddConstraint(
            "event",
            models.CheckConstraint(condition=models.Q(("type__in", EVENT_TYPES)), name="event_type_known"),
        ),
        migrations.AddField("report", "acknowledged_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("report", "mailed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("sanction", "acknowledged_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddIndex(
            "report",
            models.Index(
                condition=models.Q(("mailed_at", None), ("state__in", ["open", "in_review"])),
                fields=["organization"],
                name="report_not_mailed",
            ),
        ),
        migrations.RunSQL(COPY_REASONS, migrations.RunSQL.noop),
    ]
