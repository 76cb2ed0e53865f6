from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("accounts", "0006_audit_is_not_truncated")]

    operations: ClassVar[list[migrations.operations.base.Operation]] = [
        migrations.AddField(
            "member", "mute_reason", models.CharField(blank=True, db_default="", default="", max_length=500)
        ),
        migrations.AddField(
            "member", "suspension_reason", models.CharField(blank=True, db_default="", default="", max_length=500)
        ),
    ]
