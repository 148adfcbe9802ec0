"""Django's settings of the demo site. What differs between installations comes from ``environment.py``.

Nothing here names rtserver's code: the site tells it things through Redis, and shares its sessions with whoever loads
these settings.
"""

import os
from pathlib import Path

import django
from redis.backoff import NoBackoff
from redis.exceptions import ClusterDownError, MasterDownError, MovedError, ReadOnlyError
from redis.retry import Retry

from rtsite import sqlite
from rtsite.environment import read_environment
from rtsite.redis_password import FilePassword
from rtsite.secret_key import read_or_make_secret_key, read_secret_key

SITE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = read_environment(os.environ, default_var_dir=SITE_DIR.parent / "var")

DEBUG = ENVIRONMENT.debug
SECRET_KEY = (
    ENVIRONMENT.secret_key
    or (ENVIRONMENT.secret_key_file and read_secret_key(Path(ENVIRONMENT.secret_key_file)))
    or read_or_make_secret_key(ENVIRONMENT.var_dir / "secret_key")
)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *ENVIRONMENT.allowed_hosts]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rtsite.apps.SiteConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "rtsite.security_headers.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "rtsite.session_outage.SessionOutage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "rtsite.urls"
WSGI_APPLICATION = "rtsite.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [SITE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "rtsite.people.people",
            ],
        },
    },
]

# Users live in SQLite.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ENVIRONMENT.var_dir / "site.sqlite3",
        "OPTIONS": sqlite.options(django.VERSION),
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sessions live in Redis, where rtserver looks them up as well. A page waits two seconds for Redis and then says what
# is wrong: redis-py's own default is to try four times with growing pauses.
REDIS_TIMEOUT_SECONDS = 2
REDIS_CREDENTIALS = (
    FilePassword(Path(ENVIRONMENT.redis_password_file), ENVIRONMENT.redis_user)
    if ENVIRONMENT.redis_password_file
    else None
)
# Who is asked where the primary is. In a Cluster all sessions lie in one slot, that of the braces in the prefix.
REDIS_GUIDES = {
    "sentinels": ENVIRONMENT.redis_sentinels,
    "service": ENVIRONMENT.redis_service,
    "nodes": ENVIRONMENT.redis_nodes,
}
CACHE_PREFIX = "{rtsite}" if ENVIRONMENT.redis_nodes else "rtsite"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": [ENVIRONMENT.redis_url],
        "KEY_PREFIX": CACHE_PREFIX,
        "OPTIONS": {
            "serializer": "rtsite.session_serializer.JSONSerializer",
            "pool_class": "rtsite.redis_pool.RedisPool",
            **REDIS_GUIDES,
            "key": CACHE_PREFIX,
            "socket_timeout": REDIS_TIMEOUT_SECONDS,
            "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
            "credential_provider": REDIS_CREDENTIALS,
            # Once: a connection that was idle for long may be dead, or lead to what has become a replica.
            "retry": Retry(NoBackoff(), 1),
            "retry_on_error": [ReadOnlyError, MasterDownError, MovedError, ClusterDownError],
        },
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
SESSION_COOKIE_NAME = "sessionid"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "charts"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [SITE_DIR / "static"]

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# `check --deploy` asks for TLS. The demo is plain HTTP on this machine, where redirects and secure cookies would only
# lock people out; RTSITE_HTTPS=1 turns all four on. Whether subdomains and preload lists follow (W005, W021) is for
# the domain's owner.
if ENVIRONMENT.https:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 30 * 24 * 3600
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
else:
    SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016"]

# What the pages and the signal need to know of rtserver.
RTSERVER_REDIS_URL = ENVIRONMENT.redis_url
RTSERVER_QUEUE = ENVIRONMENT.queue
RTSERVER_QUEUE_SECRET = ENVIRONMENT.queue_secret
RTSERVER_QUEUE_SECRET_FILE = ENVIRONMENT.queue_secret_file
RTSERVER_HAS_SIGNED_TIME = ENVIRONMENT.has_signed_time
RTSERVER_PRODUCER_URL = ENVIRONMENT.producer_url
RTSERVER_WEBSOCKET_URL = ENVIRONMENT.websocket_url
