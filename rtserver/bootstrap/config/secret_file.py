"""Secrets in files: read at the start, and again when the server is told to (SIGHUP).

It decides what a secret's file may hold and which file is too open. The ``Signer`` takes new secrets while it works,
and connections to Redis read theirs when they are opened.
"""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from rtserver.bootstrap.config.config import Config, split_urls
from rtserver.bootstrap.config.error import ConfigError, StartError
from rtserver.bootstrap.config.setting import settings
from tcelib.redis.redis_address import read_address
from tcelib.redis.redis_password import with_password_file

log = logging.getLogger(__name__)

MOST_BYTES = 65_536
OTHERS = 0o077
FILE_KEYS = ("queue_secret_file", "redis_password_file")


def with_secrets(config: Config) -> Config:
    """Return the configuration with the contents of its secrets' files in place of the secrets. Raises
    ``ConfigError``.
    """
    found = {}
    if config.queue_secret_file:
        if config.queue_secret:
            raise ConfigError(
                "configuration", "queue_secret_file", "is set together with queue_secret; keep one of them"
            )
        found["queue_secret"] = read_queue_secret(config.queue_secret_file)
    if config.redis_password_file:
        if not config.redis_url:
            raise ConfigError("configuration", "redis_password_file", "needs redis_url; the embedded Redis has none")
        if has_password(config.redis_url):
            text = "is set together with a password in redis_url; keep one of them"
            raise ConfigError("configuration", "redis_password_file", text)
        check_redis_password(config.redis_password_file)
        # Each new connection reads the file, so that a new password needs no restart.
        path = str(Path(config.redis_password_file).resolve())
        found["redis_url"] = with_password_file(config.redis_url, path)
        urls = split_urls(config.redis_read_url)
        found["redis_read_url"] = ",".join(
            url if has_password(url) else with_password_file(url, path) for url in urls
        )
    return msgspec.structs.replace(config, **found) if found else config


def read_queue_secret(path: str) -> str:
    """Return the secrets of a file, separated by commas or one a line, as one text. Raises ``ConfigError``."""
    lines = _read("queue_secret_file", path).splitlines()
    secret = ",".join(part.strip() for line in lines for part in line.split(",") if part.strip())
    setting = settings()["queue_secret"]
    try:
        return msgspec.convert(secret, setting.annotation)  # type: ignore[no-any-return]
    except msgspec.ValidationError:
        # The error itself would show the secret.
        raise ConfigError(path, "queue_secret_file", "must hold secrets of at least 16 characters") from None


def check_redis_password(path: str) -> None:
    """Check that a file holds a password. Raises ``ConfigError``."""
    _read("redis_password_file", path)


def has_password(url: str) -> bool:
    """Return True if a Redis address has a password, in either of the two places for it."""
    parts = urlsplit(read_address(url).url)
    return parts.password is not None or "password" in parse_qs(parts.query)


def open_files(config: Config) -> Iterator[Path]:
    """Yield the secrets' files that other users of this machine may read, TLS's key among them."""
    for name in (*(getattr(config, key) for key in FILE_KEYS), config.tls_key):
        path = Path(name)
        if name and path.exists() and path.stat().st_mode & OTHERS:
            yield path


class Reloading:
    """Files that are read again at SIGHUP: each has a name and a function that may raise ``StartError``.

    A file that cannot be read is logged and its contents stay as they were; the others are read all the same.
    """

    def __init__(self) -> None:
        self._parts: list[tuple[str, Callable[[], object]]] = []

    def __bool__(self) -> bool:
        return bool(self._parts)

    def add(self, name: str, read: Callable[[], object]) -> None:
        """Add a file."""
        self._parts.append((name, read))

    def run(self) -> None:
        """Read all files."""
        if not self._parts:
            log.info("= reload: no certificate and no secret's file is configured, so there is nothing to read again")
        for name, read in self._parts:
            try:
                read()
            except StartError as error:
                log.error("! the %s stays as it is: %s", name, error)
            else:
                log.info("= the %s was read again", name)


def _read(key: str, path: str) -> str:
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            raw = file.read(MOST_BYTES + 1) or b""
    except OSError as error:
        raise ConfigError(path, key, f"cannot be read ({error.strerror})") from error
    try:
        text = raw.decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(path, key, "is no UTF-8") from None
    if not text.strip() or len(raw) > MOST_BYTES:
        raise ConfigError(path, key, "is empty" if not text.strip() else f"is longer than {MOST_BYTES} bytes")
    return text


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting: a pipe without a writer is empty, instead of blocking the reader."""
    return os.open(path, flags | os.O_NONBLOCK)
