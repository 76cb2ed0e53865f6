from django.db import migrations, models

TINTS = 12

GIVE_OUT = f"""
UPDATE accounts_member SET tint = given.tint
FROM (
    SELECT id, (row_number() OVER (PARTITION BY organization_id ORDER BY deactivated_at IS NOT NULL, joined_at, id) - 1) %% {TINTS} + 1 AS tint
    FROM accounts_member
) given
WHERE given.id = accounts_member.id
"""


def give_out(apps, schema_editor):
    """Give the members of each organization their tints in the order in which they joined, active members first."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(GIVE_OUT, [])


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_invitation_help_texts'),
    ]

    operations = [
        migrations.AddField(
            model_name='member',
            name='tint',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.RunPython(give_out, migrations.RunPython.noop, elidable=True),
    ]
