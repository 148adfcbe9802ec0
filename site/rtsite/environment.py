"""The site's own configuration, read from ``RTSITE_*`` variables once, when Django loads its settings.

rtserver sets the variables before it sets Django up; a team that runs the site by itself sets them in its shell.
This file knows names, defaults and types; what Django does with the values is ``settings.py``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True)
class Environment:
    """Settings that differ from one installation of the site to the next."""

    var_dir: Path
    """Database and secret key (RTSITE_VAR)."""
    redis_url: str
    """Sessions, and the queue to rtserver (RTSITE_REDIS_URL). With Sentinels or nodes its host and port are
    not used.
    """
    redis_sentinels: tuple[str, ...]
    """URLs of the Sentinels that name the primary, separated by commas; empty for none (RTSITE_REDIS_SENTINELS)."""
    redis_service: str
    """What they call it (RTSITE_REDIS_SERVICE)."""
    redis_nodes: tuple[str, ...]
    """URLs of nodes of a Redis Cluster, separated by commas; empty for none (RTSITE_REDIS_NODES)."""
    redis_password_file: str
    """A file with its password, read for each connection; no user in the address (RTSITE_REDIS_PASSWORD_FILE)."""
    redis_user: str
    """Whose password that is; empty for Redis's default user (RTSITE_REDIS_USER)."""
    queue: str
    """The list that rtserver takes its service messages from (RTSITE_QUEUE)."""
    queue_secret: str
    """With it messages are signed; of several, separated by commas, with the first (RTSITE_QUEUE_SECRET)."""
    queue_secret_file: str
    """The same in a file, which is read whenever a message is signed (RTSITE_QUEUE_SECRET_FILE)."""
    has_signed_time: bool
    """Whether what is signed says when; not where RTSITE_SIGNATURE_SECONDS is 0 or empty."""
    producer_url: str
    """The Redis address that the charts page shows to people who push; without a password (RTSITE_PRODUCER_URL)."""
    websocket_url: str
    """Where the pages connect to; empty means /rt/ on their own host (RTSITE_WS_URL)."""
    secret_key: str
    """Empty means: the one in ``secret_key_file``, or in ``var_dir``, made at the first run (RTSITE_SECRET_KEY)."""
    secret_key_file: str
    """A file that holds it, and has to be there (RTSITE_SECRET_KEY_FILE)."""
    allowed_hosts: tuple[str, ...]
    """Host names beside those of this machine, separated by commas (RTSITE_ALLOWED_HOSTS)."""
    debug: bool
    """Errors in the browser, with all they tell (RTSITE_DEBUG)."""
    https: bool
    """Behind a proxy that ends TLS and says so in X-Forwarded-Proto (RTSITE_HTTPS)."""


def read_environment(variables: Mapping[str, str], default_var_dir: Path) -> Environment:
    """The site's configuration from the process's variables.

    Raises ``ImproperlyConfigured`` for a switch that is neither on nor off.
    """
    redis_url = variables.get("RTSITE_REDIS_URL") or "redis://127.0.0.1:6379/0"
    return Environment(
        var_dir=Path(variables.get("RTSITE_VAR") or default_var_dir).resolve(),
        redis_url=redis_url,
        redis_sentinels=_read_list(variables.get("RTSITE_REDIS_SENTINELS", "")),
        redis_service=variables.get("RTSITE_REDIS_SERVICE", ""),
        redis_nodes=_read_list(variables.get("RTSITE_REDIS_NODES", "")),
        redis_password_file=variables.get("RTSITE_REDIS_PASSWORD_FILE", ""),
        redis_user=variables.get("RTSITE_REDIS_USER", ""),
        queue=variables.get("RTSITE_QUEUE") or "queue:rtserver",
        queue_secret=variables.get("RTSITE_QUEUE_SECRET", "").partition(",")[0].strip(),
        queue_secret_file=variables.get("RTSITE_QUEUE_SECRET_FILE", ""),
        has_signed_time=variables.get("RTSITE_SIGNATURE_SECONDS", "").strip() not in ("", "0"),
        producer_url=without_password(variables.get("RTSITE_PRODUCER_URL") or redis_url),
        websocket_url=variables.get("RTSITE_WS_URL", ""),
        secret_key=variables.get("RTSITE_SECRET_KEY", ""),
        secret_key_file=variables.get("RTSITE_SECRET_KEY_FILE", ""),
        allowed_hosts=_read_list(variables.get("RTSITE_ALLOWED_HOSTS", "")),
        debug=_read_switch(variables, "RTSITE_DEBUG"),
        https=_read_switch(variables, "RTSITE_HTTPS"),
    )


def without_password(url: str) -> str:
    """``url`` as it may be shown to anybody who is logged in: a password becomes three dots."""
    url = re.sub(r"(?<=[?&]password=)[^&]*", "…", url)  # where the address of a UNIX socket has it
    parts = urlsplit(url)
    if parts.password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:…@{host}"))


def _read_list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


def _read_switch(variables: Mapping[str, str], name: str) -> bool:
    word = variables.get(name, "").strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise ImproperlyConfigured(f"{name} is {word!r}; it may be 1 or 0, true or false, yes or no, on or off")
    return word in TRUE_WORDS
