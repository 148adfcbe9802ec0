"""The settings as options of the command line.

It decides what an option looks like in ``--help``. Values stay as they were typed: ``config_source.py`` checks them,
so that a bad value is refused in the same words wherever it comes from.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.config_source import load_config
from rtserver.bootstrap.config.setting import Setting, settings

OptionValue: TypeAlias = str | bool | Path | None
"""The value of an option as click gives it; None for one that was not given."""

FILE_OPTION = "config_file"
F = TypeVar("F", bound=Callable[..., Any])
QUEUE_KEYS = (
    "redis_url",
    "redis_password_file",
    "queue",
    "queues",
    "queue_secret",
    "queue_secret_file",
    "signature_seconds",
    "var_dir",
)
"""Settings of commands that use the queue."""

PLACEHOLDERS = {int: "N", float: "NUMBER", str: "TEXT", tuple: "A,B,..."}


def config_options(keys: Iterable[str] | None = None) -> Callable[[F], F]:
    """Give a command the options of these settings (all by default) and ``--config``.

    The command gets them as keyword arguments, for ``config_of``.
    """
    known = settings()
    chosen = [known[key] for key in (known if keys is None else keys)]

    def decorate(command: F) -> F:
        for setting in reversed(chosen):
            command = _option(setting)(command)
        return click.option(
            "--config",
            FILE_OPTION,
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Instead of rtserver.toml.",
        )(command)

    return decorate


def config_of(options: Mapping[str, OptionValue]) -> Config:
    """Return the configuration, from all its sources. Raises ``ConfigError``."""
    file = options.get(FILE_OPTION)
    given = {key: value for key, value in options.items() if isinstance(value, str | bool)}
    return load_config(environ=os.environ, options=given, file=file if isinstance(file, Path) else None)


def arguments_of(options: Mapping[str, OptionValue]) -> list[str]:
    """Return the options that were given, as they stand on a command line. The path of a file becomes absolute."""
    known = settings()
    arguments = []
    for key, value in options.items():
        if isinstance(value, bool):
            arguments.append(known[key].option if value else _negative(known[key]))
        elif isinstance(value, Path):
            arguments += ["--config", str(value.absolute())]
        elif value is not None:
            arguments += [known[key].option, value]
    return arguments


def _negative(setting: Setting) -> str:
    return "--no-" + setting.option.removeprefix("--")


def _option(setting: Setting) -> Callable[[F], F]:
    if setting.kind is bool:
        text = f"{setting.description}  [{'on' if setting.default else 'off'}]"
        return click.option(f"{setting.option}/{_negative(setting)}", setting.key, default=None, help=text)
    default = f"  [{setting.default}]" if setting.default not in ("", ()) else ""
    placeholder = PLACEHOLDERS[setting.kind]
    return click.option(setting.option, setting.key, metavar=placeholder, help=setting.description + default)
