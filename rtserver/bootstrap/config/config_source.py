"""Sources of a configuration: defaults, then ``rtserver.toml``, the environment, the command line.

It decides that the later source wins, and how text becomes a value. Every value is checked as it is read, so that an
error can name its source. ``config.py`` defines the keys.
"""

import math
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from rtserver.base.wire.forwarded import read_networks
from rtserver.base.wire.origin import OriginError, normal_origin
from rtserver.bootstrap.config.config import NETWORK_KEYS, TABLE_KEYS, Config, split_urls
from rtserver.bootstrap.config.config_constraint import check_together
from rtserver.bootstrap.config.error import ConfigError
from rtserver.bootstrap.config.exchange import EXCHANGES, read_exchanges
from rtserver.bootstrap.config.rpc_route import RPC_ROUTES, read_rpc_routes
from rtserver.bootstrap.config.secret_file import with_secrets
from rtserver.bootstrap.config.setting import Setting, settings
from tcelib.redis.redis_address import AddressError
from tcelib.redis.redis_connection import check_url

FILE_NAME = "rtserver.toml"
PREFIX = "RTSERVER_"
FILE_VARIABLE = "RTSERVER_CONFIG"
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})
SECRET_KEYS = frozenset(
    {"redis_url", "redis_read_url", "queue_secret"}
)  # an error message would bring a password into a log


def load_config(
    *,
    environ: Mapping[str, str],
    options: Mapping[str, str | bool] | None = None,
    file: Path | None = None,
    directory: Path | None = None,
) -> Config:
    """Return the configuration of one process.

    ``options`` are those of the command line, by key; ``file`` is that of ``--config``. Without one it is that of
    ``RTSERVER_CONFIG``, else ``rtserver.toml`` in ``directory`` (the current one) if that exists. Raises
    ``ConfigError``.
    """
    values: dict[str, Any] = {}
    found = file or _file_named_in(environ) or _file_in(directory or Path())
    if found:
        values |= read_file(found)
    values |= read_environment(environ)
    values |= read_options(options or {})
    return check_together(with_secrets(Config(**values)))


def read_file(path: Path) -> dict[str, object]:
    """Return the values of a TOML file. Raises ``ConfigError``."""
    known = settings()
    values: dict[str, object] = {}
    for key, raw in _parse_toml(path).items():
        if key == EXCHANGES:
            read_exchanges(str(path), raw)
            values[key] = raw
        elif key == RPC_ROUTES:
            read_rpc_routes(str(path), raw)
            values[key] = raw
        elif key in known:
            values[key] = _check(known[key], raw, str(path), key)
        else:
            raise ConfigError(str(path), key, _unknown(key, (*known, *TABLE_KEYS)))
    return values


def read_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """Return the values of all ``RTSERVER_*`` variables. Raises ``ConfigError``, also for an unknown variable.

    A switch may be spelled like its option as well: ``RTSERVER_NO_DEMO_QUOTES=1``.
    """
    known = {setting.variable: setting for setting in settings().values()}
    negated = {f"{PREFIX}NO_{s.key.upper()}": s for s in known.values() if s.kind is bool}
    values = {}
    for name, text in sorted(environ.items()):
        if name in known:
            values[known[name].key] = _check_text(known[name], text, "environment", name)
        elif name in negated:
            values[negated[name].key] = not _check_text(negated[name], text, "environment", name)
        elif name.startswith(PREFIX) and name != FILE_VARIABLE:
            raise ConfigError("environment", name, _unknown(name, known))
    return values


def read_options(options: Mapping[str, str | bool]) -> dict[str, object]:
    """Return the values of the command line: text as it was typed, switches as bool. Raises ``ConfigError``."""
    known = settings()
    return {
        key: given if isinstance(given, bool) else _check_text(known[key], given, "command line", known[key].option)
        for key, given in options.items()
    }


def _file_named_in(environ: Mapping[str, str]) -> Path | None:
    name = environ.get(FILE_VARIABLE)
    return Path(name) if name else None


def _file_in(directory: Path) -> Path | None:
    path = directory / FILE_NAME
    return path if path.is_file() else None


def _parse_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(str(path), "", f"cannot be read ({error.strerror})") from error
    except RecursionError as error:
        raise ConfigError(str(path), "", "is no configuration: nested too deeply") from error
    except ValueError as error:  # not only TOMLDecodeError: a number may have too many digits for Python
        raise ConfigError(str(path), "", f"is no TOML: {error}") from error


def _check_text(setting: Setting, text: str, source: str, name: str) -> object:
    """Return the value of typed text. Lists are separated by commas."""
    text = text.strip()
    if setting.kind is bool and text.lower() in TRUE_WORDS | FALSE_WORDS:
        return text.lower() in TRUE_WORDS
    if setting.kind is tuple:
        return _check(setting, [item.strip() for item in text.split(",") if item.strip()], source, name)
    # msgspec reads numbers from text if it is told to. It reads words as bool, too, but others than ours.
    return _check(setting, text, source, name, strict=setting.kind is bool)


def _check(setting: Setting, raw: object, source: str, name: str, *, strict: bool = True) -> object:
    try:
        value = msgspec.convert(raw, setting.annotation, strict=strict)
        if setting.key == "redis_url" and value:
            _check_redis_url(value, source, name)
        if setting.key == "redis_read_url":
            for url in split_urls(value):
                check_url(url)  # a port that is no number, and the like
        if setting.key in NETWORK_KEYS:
            read_networks(value)
    except ValueError:  # msgspec's as well
        value = None
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        shown = "this value" if setting.key in SECRET_KEYS else repr(raw)
        raise ConfigError(source, name, f"{shown} is not allowed; it must be {setting.allowed}")
    return _normal_origins(value, source, name) if setting.key == "allowed_origins" else value


def _check_redis_url(value: object, source: str, name: str) -> None:
    """Raises ``ConfigError`` with the reason, where telling it shows no password; else ``ValueError``."""
    try:
        check_url(str(value))  # a port that is no number, and the like
    except AddressError as error:
        raise ConfigError(source, name, f"this value is not allowed: {error}") from None


def _normal_origins(words: Iterable[str], source: str, name: str) -> tuple[str, ...]:
    """Return the origins as browsers send them. Raises ``ConfigError`` for an origin that no browser sends."""
    origins = []
    for word in words:
        try:
            origins.append(normal_origin(word))
        except OriginError as error:
            raise ConfigError(source, name, f"{word!r} in allowed_origins {error}") from error
    return tuple(origins)


def _unknown(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)
    hint = f'did you mean "{close[0]}"?' if close else f"known are {', '.join(known)}"
    return f"unknown; {hint}"
