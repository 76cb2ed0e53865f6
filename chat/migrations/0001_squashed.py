"""All tables of the app. It takes the place of the migrations that it lists: a database that has applied them has applied this."""

import accounts.tenancy
import chat.models.log
import chat.models.messages
import chat.models.ranges
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models

# chat_client and chat_conversation are updated for every message: free room in the page keeps those updates heap-only.
# chat_mailboxentry is a queue: rows live for milliseconds, so vacuum is started by the number of changes, not by the share of
# the table.
STORAGE = """
ALTER TABLE chat_client SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0);
ALTER TABLE chat_conversation SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE chat_participant SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE chat_mailboxentry SET (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 50000,
    autovacuum_vacuum_insert_threshold = 500000, autovacuum_vacuum_cost_delay = 0);
"""
DEFAULT_STORAGE = """
ALTER TABLE chat_client RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_vacuum_cost_delay);
ALTER TABLE chat_conversation RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE chat_participant RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE chat_mailboxentry RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_vacuum_insert_threshold, autovacuum_vacuum_cost_delay);
"""
# Kept acknowledgements: one partition a day, created ahead by the purge task. The default partition holds rows that arrive
# before the task has run.
ACKED_ENTRIES = """
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

    initial = True

    replaces = [
        ("chat", "0001_initial"),
        ("chat", "0002_storage"),
        ("chat", "0010_delivery"),
        ("chat", "0011_event_audience"),
        ("chat", "0012_moderation"),
        ("chat", "0013_pins_and_mentions"),
        ("chat", "0014_recent_entries"),
        ("chat", "0015_search_lexemes"),
        ("chat", "0016_reasons_and_outcomes"),
        ("chat", "0017_read_sets"),
        ("chat", "0018_one_spelling_of_emoji"),
    ]

    dependencies = [
        ('accounts', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='AckedEntry',
            fields=[
                ('pk', models.CompositePrimaryKey('client', 'tag', 'acked_at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('member_id', models.UUIDField()),
                ('client', models.UUIDField()),
                ('tag', models.BigIntegerField()),
                ('event_id', models.BigIntegerField()),
                ('acked_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'chat_ackedentry',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='MailboxEntry',
            fields=[
                ('pk', models.CompositePrimaryKey('client_id', 'tag', blank=True, editable=False, primary_key=True, serialize=False)),
                ('client_id', models.BigIntegerField()),
                ('tag', models.BigIntegerField()),
                ('event_id', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Node',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease_until', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Conversation',
            fields=[
                ('id', models.UUIDField(default=accounts.tenancy.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('public', 'Public channel'), ('private', 'Private channel'), ('direct', 'Direct message'), ('group', 'Group message')], max_length=8)),
                ('name', models.CharField(blank=True, max_length=80, null=True)),
                ('topic', models.CharField(blank=True, max_length=250)),
                ('people', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, size=None)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('locked_at', models.DateTimeField(blank=True, null=True)),
                ('announcement_only', models.BooleanField(db_default=False, default=False)),
                ('slow_mode', models.PositiveIntegerField(db_default=0, default=0, help_text='Seconds between two messages of one member; 0: off.')),
                ('retention_days', models.PositiveIntegerField(blank=True, help_text='Empty: as the organization says; 0: for ever.', null=True)),
                ('last_seq', models.BigIntegerField(default=0)),
                ('last_message_at', models.DateTimeField(blank=True, null=True)),
                ('gone', chat.models.ranges.RangesField(db_default=[], default=list, editable=False)),
                ('first_seq', models.BigIntegerField(db_default=1, default=1)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.member')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('member_id', models.UUIDField(null=True)),
                ('type', models.CharField(max_length=24)),
                ('entity_id', models.UUIDField()),
                ('data', models.TextField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('pending', models.BooleanField(db_default=False, default=False)),
                ('xid', chat.models.log.TransactionIdField(db_default=models.Func(function='pg_current_xact_id'), editable=False)),
                ('conversation', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='chat.conversation')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.UUIDField(default=accounts.tenancy.new_id, editable=False, primary_key=True, serialize=False)),
                ('seq', models.BigIntegerField()),
                ('ref', models.UUIDField(help_text='Made by the client that sent it: the idempotency key.', null=True)),
                ('text', models.TextField(blank=True)),
                ('html', models.TextField(blank=True)),
                ('reply_count', models.PositiveIntegerField(default=0)),
                ('mentions', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, size=None)),
                ('wide_mention', models.CharField(blank=True, max_length=7, null=True)),
                ('thread_author', models.UUIDField(blank=True, null=True)),
                ('pinned_at', models.DateTimeField(blank=True, null=True)),
                ('pinned_by', models.UUIDField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('edited_at', models.DateTimeField(blank=True, null=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('hidden_at', models.DateTimeField(blank=True, null=True)),
                ('purged_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('search', chat.models.messages.LexemesField(editable=False, null=True)),
                ('author', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.member')),
                ('conversation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='chat.conversation')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
                ('thread', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='replies', to='chat.message')),
            ],
        ),
        migrations.CreateModel(
            name='Participant',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('admin', 'Channel admin'), ('member', 'Participant')], default='member', max_length=6)),
                ('read_seq', models.BigIntegerField(default=0)),
                ('read', chat.models.ranges.RangesField(db_default=[[0, 0]], default=chat.models.ranges.beginning, editable=False)),
                ('unread_from', models.BigIntegerField(blank=True, null=True)),
                ('notifications', models.CharField(choices=[('all', 'Every message'), ('mentions', 'Mentions'), ('none', 'Nothing')], default='all', max_length=8)),
                ('muted', models.BooleanField(default=False)),
                ('favourite', models.BooleanField(default=False)),
                ('joined_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('left_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('conversation', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='participants', to='chat.conversation')),
                ('member', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='participants', to='accounts.member')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
        ),
        migrations.CreateModel(
            name='Reaction',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('emoji', models.CharField(max_length=32)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('member', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.member')),
                ('message', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='reactions', to='chat.message')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.UUIDField(default=accounts.tenancy.new_id, editable=False, primary_key=True, serialize=False)),
                ('reason', models.CharField(choices=[('spam', 'Spam'), ('harassment', 'Harassment'), ('inappropriate', 'Inappropriate content'), ('confidential', 'Confidential information'), ('other', 'Something else')], max_length=13)),
                ('comment', models.CharField(blank=True, max_length=1000)),
                ('state', models.CharField(choices=[('open', 'Open'), ('in_review', 'In review'), ('resolved', 'Resolved'), ('dismissed', 'Dismissed')], default='open', max_length=9)),
                ('outcome', models.CharField(blank=True, choices=[('no_action', 'No action'), ('hidden', 'Message hidden'), ('removed', 'Message removed'), ('warned', 'Author warned'), ('muted', 'Author muted'), ('suspended', 'Author suspended'), ('other', 'Dealt with otherwise')], max_length=9)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True)),
                ('mailed_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('assignee', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.member')),
                ('author', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.member')),
                ('conversation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='chat.conversation')),
                ('decided_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.member')),
                ('message', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='reports', to='chat.message')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
                ('reporter', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.member')),
            ],
        ),
        migrations.CreateModel(
            name='ReportNote',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('text', models.CharField(max_length=2000)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('author', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.member')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
                ('report', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='chat.report')),
            ],
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('version', models.PositiveIntegerField(help_text='The version of the message that said this.')),
                ('text', models.TextField()),
                ('replaced_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('message', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='revisions', to='chat.message')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
                ('replaced_by', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.member')),
            ],
        ),
        migrations.CreateModel(
            name='Sanction',
            fields=[
                ('id', models.UUIDField(default=accounts.tenancy.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('warning', 'Warning'), ('mute', 'Mute'), ('suspension', 'Suspension')], max_length=10)),
                ('reason', models.CharField(max_length=500)),
                ('until', models.DateTimeField(blank=True, help_text='When it ends by itself; empty: when it is lifted.', null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lifted_at', models.DateTimeField(blank=True, null=True)),
                ('lift_reason', models.CharField(blank=True, max_length=500)),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.member')),
                ('lifted_by', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.member')),
                ('member', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.member')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
        ),
        migrations.CreateModel(
            name='Client',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.UUIDField(default=accounts.tenancy.new_id, editable=False, unique=True)),
                ('platform', models.CharField(choices=[('web', 'Browser'), ('ios', 'iOS'), ('android', 'Android'), ('desktop', 'Desktop'), ('bot', 'Bot')], max_length=7)),
                ('label', models.CharField(blank=True, max_length=80)),
                ('user_agent', models.CharField(blank=True, db_default='', max_length=200)),
                ('credential', models.CharField(help_text='The session or token it was registered with.', max_length=80)),
                ('tag', models.BigIntegerField(default=0)),
                ('recent', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), db_default=[], default=list, editable=False, size=None)),
                ('node_id', models.BigIntegerField(help_text='The node that holds its socket now.', null=True)),
                ('connected_at', models.DateTimeField(null=True)),
                ('last_seen_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('overflowed_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('member', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='clients', to='accounts.member')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('node_id__isnull', False)), fields=['node_id'], name='client_connected'), models.Index(fields=['platform', 'last_seen_at'], name='client_staleness'), models.Index(fields=['credential'], name='client_credential')],
                'constraints': [accounts.tenancy.TenantReference(field='member', name='client_member', on_delete='CASCADE', to='accounts_member')],
            },
        ),
        migrations.AddConstraint(
            model_name='conversation',
            constraint=models.UniqueConstraint(fields=('organization', 'id'), name='conversation_tenant_key'),
        ),
        migrations.AddConstraint(
            model_name='conversation',
            constraint=accounts.tenancy.TenantReference(field='created_by', name='conversation_created_by', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddConstraint(
            model_name='conversation',
            constraint=models.UniqueConstraint(models.F('organization'), django.db.models.functions.text.Lower('name'), condition=models.Q(('archived_at', None), ('kind__in', ('public', 'private'))), name='conversation_name_once'),
        ),
        migrations.AddConstraint(
            model_name='conversation',
            constraint=models.UniqueConstraint(condition=models.Q(('kind__in', ['direct', 'group'])), fields=('organization', 'people'), name='conversation_people_once'),
        ),
        migrations.AddConstraint(
            model_name='conversation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ('public', 'private')), ('name__isnull', False), ('people', [])), models.Q(('kind__in', ['direct', 'group']), ('name', None), ('people__len__gt', 0)), _connector='OR'), name='conversation_named_or_peopled'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('member_id', None)), fields=['conversation', 'xid'], name='event_of_conversation'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('member_id__isnull', False)), fields=['member_id', 'xid'], name='event_of_member'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('conversation', None), ('member_id', None)), fields=['organization', 'xid'], name='event_of_organization'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['at'], name='event_age'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('pending', True)), fields=['id'], name='event_pending'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=accounts.tenancy.TenantReference(field='conversation', name='event_conversation', on_delete='NO ACTION', to='chat_conversation'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('type__in', ['case.created', 'case.updated', 'conversation.created', 'conversation.updated', 'member.created', 'member.updated', 'message.created', 'message.deleted', 'message.updated', 'organization.updated', 'participant.created', 'participant.removed', 'participant.updated', 'report.created', 'report.updated', 'sanction.created', 'sanction.updated'])), name='event_type_known'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search'], name='message_search'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('thread__isnull', False)), fields=['thread', 'seq'], name='message_thread_seq'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('mentions', []), _negated=True), fields=['mentions'], name='message_mentions'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('wide_mention__isnull', False)), fields=['conversation', 'id'], name='message_wide'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('thread_author__isnull', False)), fields=['thread_author', 'id'], name='message_answers'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('thread__isnull', False)), fields=['author', 'id'], name='message_replies_of'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('pinned_at__isnull', False)), fields=['conversation', 'pinned_at'], name='message_pins'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('organization', 'id'), name='message_tenant_key'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('conversation', 'seq'), name='message_seq_once'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('organization', 'author', 'ref'), name='message_ref_once'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=accounts.tenancy.TenantReference(field='conversation', name='message_conversation', on_delete='NO ACTION', to='chat_conversation'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=accounts.tenancy.TenantReference(field='author', name='message_author', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=accounts.tenancy.TenantReference(field='thread', name='message_thread', on_delete='NO ACTION', to='chat_message'),
        ),
        migrations.AddIndex(
            model_name='participant',
            index=models.Index(condition=models.Q(('left_at', None)), fields=['member'], name='participant_present'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=models.UniqueConstraint(fields=('conversation', 'member'), name='participant_once'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=accounts.tenancy.TenantReference(field='conversation', name='participant_conversation', on_delete='NO ACTION', to='chat_conversation'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=accounts.tenancy.TenantReference(field='member', name='participant_member', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddConstraint(
            model_name='reaction',
            constraint=models.UniqueConstraint(fields=('message', 'emoji', 'member'), name='reaction_once'),
        ),
        migrations.AddConstraint(
            model_name='reaction',
            constraint=accounts.tenancy.TenantReference(field='message', name='reaction_message', on_delete='NO ACTION', to='chat_message'),
        ),
        migrations.AddConstraint(
            model_name='reaction',
            constraint=accounts.tenancy.TenantReference(field='member', name='reaction_member', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['organization', 'state', '-created_at'], name='report_queue'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['author', '-created_at'], name='report_of_author'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('state__in', ['open', 'in_review'])), fields=['conversation'], name='report_undecided'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('mailed_at', None), ('state__in', ['open', 'in_review'])), fields=['organization'], name='report_not_mailed'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.UniqueConstraint(fields=('organization', 'id'), name='report_tenant_key'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.UniqueConstraint(fields=('message', 'reporter'), name='report_once'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=accounts.tenancy.TenantReference(field='message', name='report_message', on_delete='NO ACTION', to='chat_message'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=accounts.tenancy.TenantReference(field='conversation', name='report_conversation', on_delete='NO ACTION', to='chat_conversation'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=accounts.tenancy.TenantReference(field='author', name='report_author', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=accounts.tenancy.TenantReference(field='reporter', name='report_reporter', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=accounts.tenancy.TenantReference(field='assignee', name='report_assignee', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=accounts.tenancy.TenantReference(field='decided_by', name='report_decided_by', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('outcome', ''), ('state__in', ['open', 'in_review'])), models.Q(('decided_at__isnull', False), ('state__in', ['resolved', 'dismissed']), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='report_decided_or_not'),
        ),
        migrations.AddConstraint(
            model_name='reportnote',
            constraint=accounts.tenancy.TenantReference(field='report', name='report_note_report', on_delete='CASCADE', to='chat_report'),
        ),
        migrations.AddConstraint(
            model_name='reportnote',
            constraint=accounts.tenancy.TenantReference(field='author', name='report_note_author', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddConstraint(
            model_name='revision',
            constraint=models.UniqueConstraint(fields=('message', 'version'), name='revision_once'),
        ),
        migrations.AddConstraint(
            model_name='revision',
            constraint=accounts.tenancy.TenantReference(field='message', name='revision_message', on_delete='NO ACTION', to='chat_message'),
        ),
        migrations.AddConstraint(
            model_name='revision',
            constraint=accounts.tenancy.TenantReference(field='replaced_by', name='revision_replaced_by', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddIndex(
            model_name='sanction',
            index=models.Index(fields=['member', '-created_at'], name='sanction_of_member'),
        ),
        migrations.AddIndex(
            model_name='sanction',
            index=models.Index(fields=['organization', '-created_at'], name='sanction_newest'),
        ),
        migrations.AddConstraint(
            model_name='sanction',
            constraint=models.UniqueConstraint(fields=('organization', 'id'), name='sanction_tenant_key'),
        ),
        migrations.AddConstraint(
            model_name='sanction',
            constraint=accounts.tenancy.TenantReference(field='member', name='sanction_member', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddConstraint(
            model_name='sanction',
            constraint=accounts.tenancy.TenantReference(field='created_by', name='sanction_created_by', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.AddConstraint(
            model_name='sanction',
            constraint=accounts.tenancy.TenantReference(field='lifted_by', name='sanction_lifted_by', on_delete='NO ACTION', to='accounts_member'),
        ),
        migrations.RunSQL(STORAGE, DEFAULT_STORAGE),
        migrations.RunSQL(ACKED_ENTRIES, "DROP TABLE chat_ackedentry"),
    ]
