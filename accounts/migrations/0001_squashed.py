"""All tables of the app. It takes the place of the migrations that it lists: a database that has applied them has applied this."""

import accounts.tenancy
import django.contrib.postgres.indexes
import django.core.serializers.json
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

# Row triggers do not fire on TRUNCATE, which has a trigger of its own. An owner of the tables can still drop the triggers: to
# keep the log from the people who run the installation as well, ship it elsewhere (REST, export).
APPEND_ONLY = """
CREATE FUNCTION accounts_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON accounts_auditentry
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER audit_is_not_truncated BEFORE TRUNCATE ON accounts_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
"""
CHANGEABLE = """
DROP TRIGGER audit_is_not_truncated ON accounts_auditentry;
DROP TRIGGER audit_is_append_only ON accounts_auditentry;
DROP FUNCTION accounts_refuse_change();
"""



class Migration(migrations.Migration):

    initial = True

    replaces = [
        ("accounts", "0001_initial"),
        ("accounts", "0002_audit_is_append_only"),
        ("accounts", "0003_member_preferences"),
        ("accounts", "0004_moderation"),
        ("accounts", "0005_member_directory"),
        ("accounts", "0006_audit_is_not_truncated"),
        ("accounts", "0007_reasons_of_measures"),
        ("accounts", "0008_invitations_that_prove"),
        ("accounts", "0009_exact_names"),
    ]

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name='Organization',
            fields=[
                ('id', models.UUIDField(default=accounts.tenancy.new_id, editable=False, primary_key=True, serialize=False)),
                ('slug', models.CharField(max_length=40, unique=True, validators=[django.core.validators.RegexValidator('^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?\\Z', 'Use lower-case letters, digits and hyphens, 40 at most.')])),
                ('name', models.CharField(max_length=80)),
                ('description', models.CharField(blank=True, max_length=250)),
                ('edit_window', models.PositiveIntegerField(blank=True, help_text='Seconds in which authors may edit a message; empty: always.', null=True)),
                ('retention_days', models.PositiveIntegerField(blank=True, help_text='Days after which messages go; empty: never. A conversation may differ.', null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('id', models.UUIDField(default=accounts.tenancy.new_id, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('name', models.CharField(blank=True, max_length=80)),
                ('is_staff', models.BooleanField(default=False, help_text='Staff of the installation: sees every organization.')),
                ('is_active', models.BooleanField(default=True)),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.UUIDField(default=accounts.tenancy.new_id, editable=False, primary_key=True, serialize=False)),
                ('label', models.CharField(max_length=80)),
                ('secret_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField(null=True)),
                ('actor_id', models.UUIDField(help_text='The member; empty when the system or somebody not signed in acted.', null=True)),
                ('user_id', models.UUIDField(null=True)),
                ('action', models.CharField(max_length=60)),
                ('target_type', models.CharField(blank=True, max_length=40)),
                ('target_id', models.CharField(blank=True, max_length=64)),
                ('before', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, null=True)),
                ('after', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, null=True)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('address', models.GenericIPAddressField(null=True)),
                ('user_agent', models.CharField(blank=True, max_length=200)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'indexes': [models.Index(fields=['organization_id', '-at'], name='audit_newest'), models.Index(fields=['-at', '-id'], name='audit_newest_of_all'), models.Index(fields=['organization_id', 'target_type', 'target_id'], name='audit_target')],
            },
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.UUIDField(default=accounts.tenancy.new_id, editable=False, primary_key=True, serialize=False)),
                ('handle', models.CharField(max_length=32, validators=[django.core.validators.RegexValidator('^[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?\\Z', 'Use lower-case letters, digits, dot, _ and -, 32 at most.')])),
                ('name', models.CharField(max_length=80)),
                ('title', models.CharField(blank=True, max_length=80)),
                ('directory', models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Lower(django.db.models.functions.text.Concat('handle', models.Value(' '), 'name', models.Value(' '), 'title')), output_field=models.TextField())),
                ('preferences', models.JSONField(blank=True, db_default={}, default=dict)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('admin', 'Admin'), ('moderator', 'Moderator'), ('member', 'Member'), ('guest', 'Guest')], default='member', max_length=10)),
                ('version', models.PositiveIntegerField(default=1)),
                ('joined_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('deactivated_at', models.DateTimeField(blank=True, null=True)),
                ('suspended_at', models.DateTimeField(blank=True, null=True)),
                ('suspended_until', models.DateTimeField(blank=True, null=True)),
                ('muted_until', models.DateTimeField(blank=True, null=True)),
                ('suspension_reason', models.CharField(blank=True, db_default='', default='', max_length=500)),
                ('mute_reason', models.CharField(blank=True, db_default='', default='', max_length=500)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.UUIDField(default=accounts.tenancy.new_id, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(blank=True, help_text='Empty: whoever holds the link may use it, once.', max_length=254)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('admin', 'Admin'), ('moderator', 'Moderator'), ('member', 'Member'), ('guest', 'Guest')], default='member', max_length=10)),
                ('secret_hash', models.CharField(max_length=64, unique=True)),
                ('proves_address', models.BooleanField(db_default=False, default=False, help_text='The link was mailed and never shown to anybody: whoever has it reads the mail of the address.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('accepted_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.member')),
                ('invited_by', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.member')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='user_email_lower'),
        ),
        migrations.AddIndex(
            model_name='member',
            index=django.contrib.postgres.indexes.GinIndex(fields=['directory'], name='member_directory', opclasses=['gin_trgm_ops']),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(fields=('organization', 'id'), name='member_tenant_key'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(fields=('organization', 'user'), name='member_once'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(fields=('organization', 'handle'), name='member_handle_once'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('suspended_at', None), ('suspended_until', None)), ('deactivated_at__isnull', False), _connector='OR'), name='member_suspended_is_former'),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(fields=['organization', '-created_at'], name='invitation_newest'),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(fields=['expires_at'], name='invitation_expiry'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=accounts.tenancy.TenantReference(field='invited_by', name='invitation_invited_by', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=accounts.tenancy.TenantReference(field='accepted_by', name='invitation_accepted_by', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.RunSQL(APPEND_ONLY, CHANGEABLE),
    ]
