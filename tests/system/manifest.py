"""The files of ``deploy/``, as rtserver's own parsers understand it."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
import yaml

from rtserver.bootstrap.command.cli import main
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.config_source import read_environment, read_options
from tests.fork_server import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
IMAGE = {"RTSERVER_HOST": "0.0.0.0", "RTSERVER_ADMIN_PORT": "8890", "RTSERVER_VAR_DIR": "/var/lib/rtserver"}
"""Of the settings in the Dockerfile, those that matter here."""


def documents(path: str) -> list[dict[str, Any]]:
    """Return the documents of a YAML file."""
    return list(yaml.safe_load_all((DEPLOY / path).read_text(encoding="utf-8")))


def configuration(environment: Mapping[str, str], arguments: Sequence[str]) -> Config:
    """Return the configuration of a server with these variables and this command line, whose files may be missing.

    Fails for a command, an option, a variable or a value that is unknown.
    """
    name, *options = arguments
    command = main.commands[name]
    with command.make_context(name, list(options), parent=click.Context(main)) as context:
        given = {key: value for key, value in context.params.items() if value is not None}
        given.pop("config", None)
    ours = {key: value for key, value in {**IMAGE, **environment}.items() if key.startswith("RTSERVER_")}
    return Config(**{**read_environment(ours), **read_options(given)})
