"""Users, organizations, members, invitations, API tokens and the audit log."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Concat, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.clean_text import LineField
from accounts.roles import RIGHTS, Right, Role, has_right
from accounts.tenancy import TenantManager, TenantModel, TenantReference, new_id, tenant_key

SLUG = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?\Z", "Use lower-case letters, digits and hyphens, 40 at most."
)
HANDLE = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?\Z", "Use lower-case letters, digits, dot, _ and -, 32 at most."
)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person, identified by their email address in the whole installation. They act as a Member."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True, max_length=254)
    name = LineField(max_length=80, blank=True)
    is_staff = models.BooleanField(default=False, help_text=_("Staff of the installation: sees every organization."))
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(Lower("email"), name="user_email_lower"),
        ]

    def __str__(self) -> str:
        return self.email

    def check_password(self, raw_password: str | None) -> bool:
        """Return whether this is the password.

        It does not replace an old hash as Django does, which would end all sessions: they hold a digest of it.
        `accounts.auth.AuthenticationBackend` replaces it at sign-in, and keeps the sessions.
        """
        return check_password(raw_password, self.password)

    def get_full_name(self) -> str:
        return self.name or self.email.partition("@")[0]


class Organization(models.Model):
    """An organization: the tenant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=40, unique=True, validators=[SLUG])
    name = LineField(max_length=80)
    description = LineField(max_length=250, blank=True)
    edit_window = models.PositiveIntegerField(
        null=True, blank=True, help_text="Seconds in which authors may edit a message; empty: always."
    )
    retention_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Days after which messages go; empty: never. A conversation may differ.",
    )
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class Member(TenantModel):
    """A user's membership in one organization: the actor of every action."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    handle = models.CharField(max_length=32, validators=[HANDLE])
    name = LineField(max_length=80)
    title = LineField(max_length=80, blank=True)
    # What the directory is searched in: parts of words, by an index of trigrams.
    directory = models.GeneratedField(
        expression=Lower(Concat("handle", models.Value(" "), "name", models.Value(" "), "title")),
        output_field=models.TextField(),
        db_persist=True,
    )
    preferences = models.JSONField(default=dict, db_default={}, blank=True)  # see accounts/preferences.py
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    version = models.PositiveIntegerField(default=1)
    joined_at = models.DateTimeField(default=timezone.now)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    # Suspending sets both times: to every check a suspended member is a former one, and only this distinguishes them.
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_until = models.DateTimeField(null=True, blank=True)  # empty: until it is lifted
    muted_until = models.DateTimeField(null=True, blank=True)  # past: not muted
    # The reasons stand here too, so that a refusal can state them without a query. Only the member sees them.
    suspension_reason = LineField(max_length=500, blank=True, default="", db_default="")
    mute_reason = LineField(max_length=500, blank=True, default="", db_default="")

    user_id: UUID

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            tenant_key("member_tenant_key"),
            models.UniqueConstraint(fields=["organization", "user"], name="member_once"),
            models.UniqueConstraint(fields=["organization", "handle"], name="member_handle_once"),
            models.CheckConstraint(
                name="member_suspended_is_former",
                condition=models.Q(suspended_at=None, suspended_until=None) | models.Q(deactivated_at__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(fields=["directory"], opclasses=["gin_trgm_ops"], name="member_directory"),
            models.Index(
                fields=["organization"],
                name="member_with_keywords",
                condition=models.Q(preferences__has_key="keywords"),
            ),
        ]
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return f"{self.name} (@{self.handle})"

    @property
    def is_active(self) -> bool:
        return self.deactivated_at is None

    @property
    def is_suspended(self) -> bool:
        return self.suspended_at is not None

    @property
    def is_muted(self) -> bool:
        return self.muted_until is not None and self.muted_until > timezone.now()

    @property
    def rights(self) -> frozenset[Right]:
        """For templates: `{% if "invite" in member.rights %}`."""
        return RIGHTS[Role(self.role)]

    def may(self, right: Right) -> bool:
        return has_right(self.role, right)


class Invitation(TenantModel):
    """A link to join an organization that works once. Only a hash of its secret is stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(max_length=254, blank=True, help_text=_("Empty: anyone with the link can use it, once."))
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    secret_hash = models.CharField(max_length=64, unique=True)
    proves_address = models.BooleanField(
        default=False,
        db_default=False,
        help_text=_("The link was mailed and never shown, so using it proves that the person reads that mail."),
    )
    invited_by = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        Member, on_delete=models.SET_NULL, related_name="+", db_constraint=False, null=True, blank=True
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            TenantReference(field="invited_by", to="accounts_member", name="invitation_invited_by"),
            TenantReference(field="accepted_by", to="accounts_member", name="invitation_accepted_by"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "-created_at"], name="invitation_newest"),
            models.Index(fields=["expires_at"], name="invitation_expiry"),
        ]


class ApiToken(models.Model):
    """A token with which an app or a bot acts as a user. Only a hash of it is stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    label = LineField(max_length=80)
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    user_id: UUID

    def __str__(self) -> str:
        return self.label


class AuditEntry(models.Model):
    """An entry of the audit log. Rows are only added: triggers refuse to change and to delete them."""

    id = models.BigAutoField(primary_key=True)
    # No foreign keys: an entry outlives what it speaks of, and the database may not change it.
    organization_id = models.UUIDField(null=True)
    actor_id = models.UUIDField(
        null=True, help_text="The member; empty when the system or somebody not signed in acted."
    )
    user_id = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=40, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    before = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    reason = LineField(max_length=500, blank=True)
    address = models.GenericIPAddressField(null=True)
    user_agent = LineField(max_length=200, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization_id", "-at"], name="audit_newest"),
            models.Index(fields=["-at", "-id"], name="audit_newest_of_all"),
            models.Index(fields=["organization_id", "target_type", "target_id"], name="audit_target"),
        ]
