"""``rtserver gateway``: gateways of TCE, and their configuration."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from rtserver.base.wire.printable import printable
from rtserver.bootstrap.command.failure import failure
from rtserver.bootstrap.config.config_source import load_config
from rtserver.bootstrap.process.log import set_up_log
from tcelib.gateway.config.element import MOST_BYTES
from tcelib.gateway.config.finding import Finding
from tcelib.gateway.config.picture import picture_of, picture_of_queues
from tcelib.gateway.config.services import read_services

YAML_ENDINGS = (".yml", ".yaml")
NEEDS_YAML = 'config.yml needs PyYAML: pip install "rtserver[gateway]"'


@click.command()
@click.argument("name")
@click.option("--services", default="services.xml", show_default=True, help="The file that describes it.")
@click.option("--admin", default="", metavar="HOST:PORT", help="Answer /metrics, /healthz and /readyz here.")
@click.option("--idl", multiple=True, metavar="FILE", help="IDL that names operations in /metrics; may be repeated.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The rtserver.toml of a Django site: clients show its tokens or session keys, and are its users.",
)
@click.option(
    "--log-level", default="info", show_default=True, type=click.Choice(["debug", "info", "warning", "error"])
)
def run(
    name: str, services: str, *, admin: str, idl: tuple[str, ...], config_file: Path | None, log_level: str
) -> None:
    """Run the gateway NAME, one of the servers in services.xml, until SIGINT or SIGTERM.

    It needs no program of your own. One with servants of its own is a few lines of Python: docs/tce/gateway.md.

    \b
    Examples:
      rtserver gateway run gwserver --services services.xml
      rtserver gateway run gwserver --config rtserver.toml
    """
    from tcelib.runtime.collector import rest_collector
    from tcelib.runtime.gateway.error import GatewayError
    from tcelib.runtime.gateway.program import start_gateway  # of gevent
    from tcelib.runtime.token_listener import RECHECK_SECONDS

    verify, recheck_seconds = None, RECHECK_SECONDS
    if config_file is not None:
        from rtserver.bootstrap.gateway_users import users_of  # of Django

        config = load_config(environ=os.environ, file=config_file)
        verify, recheck_seconds = users_of(config), config.session_check_seconds
    set_up_log(sys.stderr, level=log_level, form="text", environ=os.environ)  # Django's own setting comes before
    try:
        program = start_gateway(name, services, verify, recheck_seconds=recheck_seconds, admin=admin, idl=idl)
    except GatewayError as error:
        raise failure(str(error)) from error
    rest_collector()
    program.waitForShutdown()


@click.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def check(paths: tuple[Path, ...]) -> None:
    """Check files of a gateway, and draw their routes.

    A file that ends in .yml or .yaml is read as the config.yml of services, any other one as services.xml.
    Tells all errors and warnings, each with line and column. A file with errors is not drawn; exit status 1.

    \b
    Examples:
      rtserver gateway check services.xml
      rtserver gateway check services.xml config.yml
    """
    are_good = [_check(path) for path in paths]
    sys.exit(0 if all(are_good) else 1)


def _check(path: Path) -> bool:
    """Print all about one file. Return false if it has errors."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise failure(f"{path}: {error.strerror}") from error
    findings, lines = _read_queues(data) if path.suffix.lower() in YAML_ENDINGS else _read_services(data)
    for finding in findings:
        click.echo(f"{printable(str(path))}:{printable(str(finding))}")
    for line in lines or ():
        click.echo(line)
    return lines is not None


def _read_services(data: bytes) -> tuple[tuple[Finding, ...], Iterator[str] | None]:
    services, findings = read_services(data)
    return findings, picture_of(services) if services is not None else None


def _read_queues(data: bytes) -> tuple[tuple[Finding, ...], Iterator[str] | None]:
    try:
        from tcelib.gateway.config.queue_file import read_queue_file  # of an extra, which others do without
    except ImportError as error:
        raise failure(NEEDS_YAML) from error
    queues, findings = read_queue_file(data)
    return findings, picture_of_queues(queues) if queues is not None else None
