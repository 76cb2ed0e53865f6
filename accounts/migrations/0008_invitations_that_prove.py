from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_reasons_of_measures")]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="proves_address",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="The link was mailed and never shown to anybody: whoever has it reads the mail of the address.",
            ),
        ),
        # The links of earlier invitations to an address were mailed and never shown.
        migrations.RunSQL(
            "UPDATE accounts_invitation SET proves_address = TRUE WHERE email <> ''", migrations.RunSQL.noop
        ),
    ]
