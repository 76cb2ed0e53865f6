"""All settings, in one file, from the environment.

A wrong value never raises here: it is noted in ENVIRONMENT_ERRORS and reported by `manage.py check`
(config/checks.py) as one line that says what to write, so that every mistake is shown at once.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from ipaddress import IPv4Network, IPv6Network, ip_network
from math import nan
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dj_database_url
from csp.constants import NONCE, NONE, SELF

from config import logs
from config.launcher.embedded import running_urls
from config.secret_key import secret_key

BASE_DIR = Path(__file__).resolve().parent.parent

ENVIRONMENT_ERRORS: list[tuple[str, str, str]] = []  # (variable, value, what to write)


def envstr(name: str, default: str) -> str:
    return os.environ.get(name, "").strip() or default


def envbool(name: str, *, default: bool) -> bool:
    value = envstr(name, str(default)).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value not in {"0", "false", "no", "off"}:
        ENVIRONMENT_ERRORS.append((name, value, "1 or 0"))
    return False


def envint(name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    value = envstr(name, str(default))
    if value.isdecimal() and least <= int(value) <= most:
        return int(value)
    ENVIRONMENT_ERRORS.append((name, value, f"a whole number from {least} to {most}"))
    return default


def envpercent(name: str, default: float) -> float:
    """Return a share of 100 as a fraction, above 0 and at most 1."""
    try:
        value = float(envstr(name, str(default)))
    except ValueError:
        value = nan
    if 0 < value <= 100:
        return value / 100
    ENVIRONMENT_ERRORS.append((name, envstr(name, ""), "a number above 0 and up to 100"))
    return default / 100


def envlist(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in envstr(name, default).split(",") if part.strip()]


def envnetworks(name: str, default: str) -> list[IPv4Network | IPv6Network]:
    try:
        return [ip_network(part) for part in envlist(name, default)]
    except ValueError as error:
        ENVIRONMENT_ERRORS.append((name, envstr(name, default), f"networks, such as 10.0.0.0/8,::1/128 ({error})"))
        return []


def envchoice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = envstr(name, default)
    if value in choices:
        return value
    ENVIRONMENT_ERRORS.append((name, value, "one of " + ", ".join(choices)))
    return default


def envurl(name: str, default: str, schemes: tuple[str, ...]) -> str:
    value = envstr(name, default)
    try:
        if urlsplit(value).scheme in schemes and (urlsplit(value).port or 1) > 0:
            return value
    except ValueError:  # a port that is none, an unclosed bracket
        pass
    # The value is not shown: it may hold a password.
    ENVIRONMENT_ERRORS.append((name, "…", f"{schemes[0]}://user:password@host:port/name"))
    return default


def envjson(name: str) -> dict[str, Any]:
    try:
        value = json.loads(envstr(name, "{}"))
    except ValueError:
        value = None
    if isinstance(value, dict):
        return value
    ENVIRONMENT_ERRORS.append((name, "…", "a JSON object"))  # not shown: it holds secrets
    return {}


# --- Where and how we run ---------------------------------------------------------------------------

PARLEY_HOME = Path(envstr("PARLEY_HOME", str(BASE_DIR / ".parley"))).resolve()
PRODUCTION = envbool("PRODUCTION", default=False)
DEBUG = envbool("DEBUG", default=False)
DEMO = envbool("DEMO", default=not PRODUCTION)  # seed and accept the demo accounts
SECRET_KEY = envstr("SECRET_KEY", "" if PRODUCTION else secret_key(PARLEY_HOME))
ALLOWED_HOSTS = envlist("ALLOWED_HOSTS", "" if PRODUCTION else "*")
BASE_URL = envstr("BASE_URL", "").rstrip("/")  # where people reach us; every absolute link starts with it
TRUSTED_PROXIES = envint("TRUSTED_PROXIES", 0, most=5)  # reverse proxies in front, each adding to X-Forwarded-For

_urls = running_urls(PARLEY_HOME)
DATABASE_URL = envurl("DATABASE_URL", _urls.database, ("postgresql", "postgres"))
REDIS_URL = envurl("REDIS_URL", _urls.redis, ("redis", "rediss", "unix"))

# --- Applications -----------------------------------------------------------------------------------

INSTALLED_APPS = [
    # Before staticfiles: it takes over runserver. Elsewhere it would only cost every process Twisted (0.5 s, 20 MB).
    *(["daphne"] if "runserver" in sys.argv else []),
    "config",
    "accounts",
    "chat",
    "unfold.apps.BasicAppConfig",  # before admin: it replaces its templates
    "unfold.contrib.filters",
    "chat.apps.DeskConfig",  # django.contrib.admin with our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "channels",
    "csp",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "config.logs.RequestIdMiddleware",
    "config.security.SecurityHeadersMiddleware",
    "config.health.HealthMiddleware",  # early: probes come without a valid Host
    "accounts.network.BaseUrlMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.nul_characters.NulMiddleware",  # before anything looks up a session
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "accounts.middleware.BearerTokenMiddleware",  # before CSRF: a token is no ambient credential
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.TokenUserMiddleware",
    "config.request_log.RequestLogMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.OrganizationMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = None
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "accounts.preferences.appearance",
                "accounts.mail.delivery",
            ],
        },
    },
]

# --- Stores -----------------------------------------------------------------------------------------

DATABASE_POOL_SIZE = envint("DATABASE_POOL_SIZE", 12, least=2, most=200)  # connections a process may hold
_database = dj_database_url.parse(DATABASE_URL)
_options = _database.pop("OPTIONS", {})
if "host" in _options:
    _database["HOST"] = _options.pop("host")  # the folder of a socket, the way libpq writes it
DATABASES: dict[str, Any] = {
    "default": {
        **_database,
        "CONN_MAX_AGE": 0,  # the pool keeps them
        "CONN_HEALTH_CHECKS": True,  # one round trip a unit of work, and a restarted PostgreSQL costs nobody an error
        "OPTIONS": {
            **_options,
            # The statements of chat/sql.py again: planning a fan-out anew for each message was a quarter of it.
            "options": f"-c plan_cache_mode=force_generic_plan {_options.get('options', '')}".strip(),
            "pool": {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 10},
            "server_side_binding": False,
            "prepare_threshold": 2,  # for the statements of chat/sql.py; the ORM's are sent as text
        },
        "TEST": {"NAME": "test_parley"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The pool size is explicit: redis-py's default of 100 kills connecting consumers under load.
REDIS_POOL_SIZE = envint("REDIS_POOL_SIZE", 200, least=10, most=10_000)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "parley",
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "parley"},
    }
}

# --- People -----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.auth.AuthenticationBackend"]
PASSWORD_HASHERS = ["accounts.hashers.PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
SESSION_COOKIE_AGE = envint("SESSION_DAYS", 30, least=1, most=400) * 86_400
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # one that was ended must not live on in a cache in front

ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
MAIL_SERVER = bool(envstr("EMAIL_HOST", ""))  # without one, letters are files in the data folder, and pages say so
# Nobody is in before they confirmed their address, unless nothing can be mailed and this is a trial.
ACCOUNT_EMAIL_VERIFICATION = envchoice(
    "EMAIL_VERIFICATION", "mandatory" if PRODUCTION or MAIL_SERVER else "optional", ("mandatory", "optional", "none")
)
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up a moment ago, and nowhere else
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # a stranger whose address somebody typed gets no mail from us
ACCOUNT_EMAIL_NOTIFICATIONS = True  # the owner learns by mail of every change to what lets somebody in
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # a browser left open is not enough for such a change
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_ADAPTER = "accounts.sign_in.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.sign_in.SignInForm",
    "add_email": "accounts.forms.email_addresses.AddAddressForm",
    "change_password": "accounts.forms.passwords.ChangePasswordForm",
    "set_password": "accounts.forms.passwords.SetPasswordForm",
    "reset_password": "accounts.forms.passwords.ForgottenPasswordForm",
    "reset_password_from_key": "accounts.forms.passwords.NewPasswordForm",
    "reauthenticate": "accounts.forms.sign_in.ConfirmPasswordForm",
}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "20/m/ip,5/5m/key",  # an office behind one address may mistype; one account may not be tried
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
}
USERSESSIONS_TRACK_ACTIVITY = False
SIGNUP = envchoice("SIGNUP", "open", ("open", "invited"))  # invited: only the first visitor may found an organization

# Second factors, passkeys and other identity providers are configuration.
# SOCIALACCOUNT_PROVIDERS='{"openid_connect": {"APPS": [{"provider_id": "sso", "name": "Acme SSO", "client_id": "…",
# "secret": "…", "settings": {"server_url": "https://sso.acme.com"}}]}}'; SAML likewise, with the key "saml".
MFA_ADAPTER = "accounts.sign_in.adapters.MFAAdapter"
MFA_TOTP_ISSUER = "Parley"
MFA_TOTP_TOLERANCE = 1  # steps of 30 s that a phone's clock may be off
MFA_SUPPORTED_TYPES = envlist("MFA_TYPES", "totp,recovery_codes")  # webauthn adds security keys
MFA_PASSKEY_LOGIN_ENABLED = "webauthn" in MFA_SUPPORTED_TYPES
MFA_FORMS = {
    "authenticate": "accounts.forms.second_factors.CodeForm",
    "reauthenticate": "accounts.forms.second_factors.ConfirmCodeForm",
    "activate_totp": "accounts.forms.second_factors.AuthenticatorAppForm",
    "add_webauthn": "accounts.forms.second_factors.AddKeyForm",
}
SOCIALACCOUNT_ADAPTER = "accounts.sign_in.adapters.SocialAccountAdapter"
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = envjson("SOCIALACCOUNT_PROVIDERS")
INSTALLED_APPS += [f"allauth.socialaccount.providers.{name}" for name in SOCIALACCOUNT_PROVIDERS]
API_TOKEN_DAYS = envint("API_TOKEN_DAYS", 365, least=1, most=3650)
INVITATION_DAYS = envint("INVITATION_DAYS", 7, least=1, most=90)

EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if MAIL_SERVER
    else "django.core.mail.backends.filebased.EmailBackend"  # without a server, mail is in the data folder
)
EMAIL_FILE_PATH = PARLEY_HOME / "mail"
EMAIL_HOST = envstr("EMAIL_HOST", "localhost")
EMAIL_PORT = envint("EMAIL_PORT", 587, least=1, most=65_535)
EMAIL_HOST_USER = envstr("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = envstr("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = envbool("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = envstr("DEFAULT_FROM_EMAIL", "Parley <parley@localhost>")

# --- Chat: limits with their reasons ----------------------------------------------------------------

MESSAGE_LENGTH = envint("MESSAGE_LENGTH", 10_000, least=100, most=100_000)  # characters; more belongs in a document
REACTIONS_PER_MESSAGE = 50  # distinct emoji; beyond it a message is a poll
PINS_PER_CONVERSATION = 50  # more are a document, not a reminder
REVISIONS_PER_MESSAGE = 100  # edits kept of one message; beyond it, it is a document
PARTICIPANTS_PER_GROUP = 9  # a group message with more people wants to be a channel

# --- Chat: what a member may do in a minute (accounts/rules.py says which act counts where) -------------

MESSAGE_RATE = envint("MESSAGE_RATE", 120, least=1, most=100_000)  # two a second for a minute: only programs are faster
PUBLISH_RATE = envint("PUBLISH_RATE", 0, most=100_000)  # edits, reactions, topics; 0: as MESSAGE_RATE
ORGANIZATION_RATE = envint("ORGANIZATION_RATE", 30, least=1, most=100_000)  # an entry in every client's mailbox each
MODERATION_RATE = envint("MODERATION_RATE", 600, least=1, most=100_000)  # two pages of the desk, decided at once
OWN_RATE = envint("OWN_RATE", 300, least=1, most=100_000)  # sent to one's own clients alone
READ_RATE = envint("READ_RATE", 600, least=1, most=100_000)  # by REST; on sockets chat/realtime/reads.py joins them
CLIENT_RATE = envint("CLIENT_RATE", 60, least=1, most=100_000)  # thrice CLIENTS_PER_MEMBER; each waits for the gate
REPORT_RATE = envint("REPORT_RATE", 20, least=1, most=100_000)  # moderators read each of them
PREVIEW_RATE = envint("PREVIEW_RATE", 60, least=1, most=100_000)  # rendering costs more than most reads

# --- Delivery: bounds and times with their reasons --------------------------------------------------

MAILBOX_BACKEND = envchoice("MAILBOX_BACKEND", "postgres", ("postgres", "valkey", "memory"))
MAILBOX_ENTRIES = envint("MAILBOX_ENTRIES", 10_000, least=256)  # waiting events a client; a sync is quicker than more
MAILBOX_BYTES = envint("MAILBOX_MEGABYTES", 32, least=1, most=1024) * 2**20  # what those may weigh, about
MAILBOX_DAYS = envint("MAILBOX_DAYS", 7, least=1, most=365)  # undelivered entries older than this make room
ACKED_ENTRIES = envchoice("ACKED_ENTRIES", "delete", ("delete", "keep"))  # keep: proof of delivery, for compliance
ACKED_DAYS = envint("ACKED_DAYS", 90, least=1, most=3650)  # how long kept ones stay
EVENT_DAYS = envint("EVENT_DAYS", 30, least=1, most=3650)  # the log; a cursor older than this means a full sync
FOLLOWER_TRIES = envint("FOLLOWER_TRIES", 8, least=1, most=100)  # of an event, two minutes, before it is set aside
FOLLOWER_DAYS = envint("FOLLOWER_DAYS", 7, least=0, most=365)  # the log's purge waits so long for a follower behind it
CLIENTS_PER_MEMBER = 20  # tabs and devices; the longest unused goes first
CLIENT_DAYS = {  # a client not connected for so long is forgotten, with its mailbox
    "web": envint("CLIENT_DAYS_WEB", 3, least=1, most=365),  # a tab closed without saying so
    "desktop": envint("CLIENT_DAYS_DESKTOP", 30, least=1, most=365),
    "ios": envint("CLIENT_DAYS_MOBILE", 30, least=1, most=365),
    "android": envint("CLIENT_DAYS_MOBILE", 30, least=1, most=365),
    "bot": envint("CLIENT_DAYS_BOT", 30, least=1, most=365),
}
SOCKET_WINDOW = envint("SOCKET_WINDOW", 256, least=1, most=10_000)  # events in flight: a slow reader's share of memory
SOCKET_HEARTBEAT = envint("SOCKET_HEARTBEAT", 25, least=1, most=300)  # seconds, below the usual proxy timeout of 30
SOCKET_ACK_TIMEOUT = envint("SOCKET_ACK_TIMEOUT", 90, least=2)  # seconds; timers of background tabs fire once a minute
SOCKET_FRAME_BYTES = 131_072  # the longest message, every character escaped, and room for its envelope
SOCKETS_PER_NODE = envint("SOCKETS_PER_NODE", 20_000, least=1)  # beyond it newcomers are sent to another node

# --- Before anybody is signed in: bounds of one server process (config/server/front.py, config/server/http.py) --------

HEAD_TIMEOUT = envint("HEAD_TIMEOUT", 20, least=1, most=600)  # seconds for a request's head: 3 KiB/s at the longest
BODY_TIMEOUT = envint("BODY_TIMEOUT", 60, least=1, most=3600)  # seconds for a body: a message at 2 KiB/s
ANSWER_TIMEOUT = envint("ANSWER_TIMEOUT", 60, least=1, most=3600)  # seconds until a reader takes the next 48 KiB
HANDSHAKE_TIMEOUT = envint("HANDSHAKE_TIMEOUT", 30, least=1, most=600)  # seconds to find a socket's member: a busy node
CLOSE_TIMEOUT = envint("CLOSE_TIMEOUT", 5, least=1, most=60)  # seconds for a member's client to answer a close
CONNECTIONS = envint("CONNECTIONS", 4_000, least=10)  # without a member, in all; 0.1 MiB each at the most
CONNECTIONS_PER_ADDRESS = envint("CONNECTIONS_PER_ADDRESS", 2_000, least=4)  # an office; browsers keep six each
CONNECTIONS_AT_ONCE = envint("CONNECTIONS_AT_ONCE", 4_000, least=10)  # of an address: an office after a restart
CONNECTIONS_PER_SECOND = envint("CONNECTIONS_PER_SECOND", 200, least=1)  # of an address, for long: 1 % of a core
HANDSHAKES_AT_ONCE = envint("HANDSHAKES_AT_ONCE", 2_000, least=10)  # of an address: an office after a restart
HANDSHAKES_PER_SECOND = envint("HANDSHAKES_PER_SECOND", 40, least=1)  # of an address, for long: 5 % of a core
HANDSHAKE_TURNED_AWAY = 20  # handshakes that one without a member costs: 100 at once, two a second for long
STRANGER_WORK = envint("STRANGER_WORK", 15, least=1)  # seconds of CPU that requests of an address without a member take
STRANGER_WORK_PER_SECOND = envpercent("STRANGER_WORK_PERCENT", 25)  # and for long, of a core

# --- REST -------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.rest.authentication.RequestAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.rest.authentication.IsMember"],
    "DEFAULT_RENDERER_CLASSES": ["accounts.rest.serialization.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.rest.serialization.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "accounts.rest.openapi.ParleySchema",
    "EXCEPTION_HANDLER": "accounts.rest.exceptions.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Parley",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Messages are stored first; everything works by REST alone. Errors are RFC 9457 problem details.",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": False,
    "POSTPROCESSING_HOOKS": ["accounts.rest.openapi.add_components"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "",
}

# --- Celery -----------------------------------------------------------------------------------------

# Celery has a spelling of its own for sockets.
CELERY_BROKER_URL = (
    f"redis+socket://{urlsplit(REDIS_URL).path}?virtual_host={parse_qs(urlsplit(REDIS_URL).query).get('db', ['0'])[0]}"
    if REDIS_URL.startswith("unix:")
    else REDIS_URL
)
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900}  # seconds until a killed worker's task runs again
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True  # a killed worker's task runs again; every task is safe to run twice
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "parley"
CELERY_TASK_ROUTES = {"chat.tasks.follow": {"queue": "parley.followers"}}  # a busy installation gives it its own worker
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE: dict[str, Any] = {
    **{
        f"chat.purge.{what}": {"task": "chat.tasks.purge", "args": [what], "schedule": seconds}
        for what, seconds in {
            "dead_nodes": 30,
            "overfull_entries": 60,
            "old_entries": 900,
            "stale_clients": 900,
            "orphaned_entries": 3600,
            "old_events": 900,
            "old_acks": 3600,
            "expired_histories": 3600,
            "expired_messages": 900,
            "expired_invitations": 3600,
            "expired_tokens": 3600,
            "expired_sessions": 3600,
        }.items()
    },
    "chat.end_suspensions": {"task": "chat.tasks.end_suspensions", "schedule": 60},
    "chat.clear_statuses": {
        "task": "chat.tasks.clear_statuses",
        "schedule": 60,
    },  # clients hide them on time
    "chat.mail_reports": {"task": "chat.tasks.mail_reports", "schedule": 300},
    # In case a request of chat/delivery/followers/wake.py was lost, and for events that wait to be tried again.
    "chat.follow": {"task": "chat.tasks.follow", "schedule": 5, "options": {"expires": 5}},
}

# --- Pages ------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = Path(envstr("STATIC_ROOT", str(PARLEY_HOME / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "config.static_files.ManifestStorage"
    },
}

# The admin site: accounts/desk_scope.py says who sees what, chat/admin/ what there is.
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "chat.admin.branding.site_title",
    "SITE_HEADER": "chat.admin.branding.site_header",
    "SITE_SUBHEADER": "chat.admin.branding.site_subheader",
    "SITE_SYMBOL": "forum",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "chat.admin.branding.favicon"}],
    "SITE_DROPDOWN": "chat.admin.branding.organizations_to_choose",
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": ["chat.admin.branding.stylesheet"],
    "SCRIPTS": [
        "chat.admin.branding.trusted_script",
        "chat.admin.branding.expressions_script",
        "chat.admin.branding.desk_script",
    ],
    "SIDEBAR": {"navigation": "chat.admin.navigation.navigation"},
    "DASHBOARD_CALLBACK": "chat.admin.dashboard.dashboard",
}

# --- Security ---------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [NONCE, "'strict-dynamic'"],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
    }
}
HTTPS = envbool("HTTPS", default=PRODUCTION)  # people reach us by https, a proxy ends it
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_SSL_HOST = urlsplit(BASE_URL).netloc or None  # never to a host that a stranger wrote into a header
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = envlist("CSRF_TRUSTED_ORIGINS", BASE_URL)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # bytes of a request body: ten times the longest message in UTF-8

# --- Logs and figures -------------------------------------------------------------------------------

LOG_FORMAT = envchoice("LOG_FORMAT", "json" if PRODUCTION else "console", ("json", "console"))
LOG_LEVEL = envchoice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = logs.configuration(format=LOG_FORMAT, level=LOG_LEVEL)
logs.configure_structlog()
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # config.logs.RequestIdMiddleware has made it trustworthy
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # one line a request: the one that says how it ended
METRICS_TOKEN = envstr("METRICS_TOKEN", "")  # lets a scraper read /metrics
# From where /metrics may be read without the token. In production nowhere: a proxy on this machine comes from loopback.
METRICS_NETWORKS = envnetworks("METRICS_NETWORKS", "" if PRODUCTION or TRUSTED_PROXIES else "127.0.0.0/8,::1/128")
