from django.db import migrations, models

# Row triggers say nothing about TRUNCATE. Who owns the tables can still drop the triggers: where the log is to be kept
# from those who run the installation as well, it is shipped elsewhere (REST, export).
FORWARD = """
CREATE TRIGGER audit_is_not_truncated BEFORE TRUNCATE ON accounts_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
"""
BACKWARD = "DROP TRIGGER audit_is_not_truncated ON accounts_auditentry;"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_member_directory")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["-at", "-id"], name="audit_newest_of_all"),
        ),
    ]
