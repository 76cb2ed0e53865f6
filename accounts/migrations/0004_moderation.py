from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_member_preferences")]
    operations = [
        migrations.AddField(
            model_name="organization",
            name="retention_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Days after which messages go; empty: never. A conversation may differ.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="member", name="suspended_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="member", name="suspended_until", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(model_name="member", name="muted_until", field=models.DateTimeField(blank=True, null=True)),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.CheckConstraint(
                name="member_suspended_is_former",
                condition=models.Q(
                    models.Q(("suspended_at", None), ("suspended_until", None)),
                    ("deactivated_at__isnull", False),
                    _connector="OR",
                ),
            ),
        ),
    ]
