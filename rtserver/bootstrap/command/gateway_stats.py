"""``rtserver gateway stats``: the calls of a gateway that runs, for people at a terminal."""

import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import urlopen

import click

from rtserver.bootstrap.command.failure import failure
from rtserver.bootstrap.command.gateway_page import NoGatewayError, Page, lines, read_page

PATIENCE = 5.0
MOST_PAGE_BYTES = 16 * 1024 * 1024


@click.command()
@click.argument("address")
@click.option("--watch", is_flag=True, help="Show what has happened since the last look, again and again.")
@click.option(
    "--every", default=2.0, show_default=True, type=click.FloatRange(0.1, 3600), help="Seconds between looks."
)
def stats(address: str, watch: bool, every: float) -> None:
    """Show the calls of a gateway that runs: by operation, with their errors and times.

    ADDRESS is its admin address, host:port.

    \b
    Examples:
      rtserver gateway stats 127.0.0.1:9102
      rtserver gateway stats 127.0.0.1:9102 --watch
    """
    page = _page_at(address)
    for line in lines(page):
        click.echo(line)
    while watch:
        time.sleep(every)
        before, page = page, _page_at(address)
        click.clear()
        click.echo(f"the last {every:g} s of the gateway at {address}\n")
        for line in lines(page, before):
            click.echo(line)


def _page_at(address: str) -> Page:
    url = f"http://{address}/metrics"
    try:
        with urlopen(url, timeout=PATIENCE) as answer:
            return read_page(answer.read(MOST_PAGE_BYTES).decode("utf-8", "replace"))
    except NoGatewayError as error:
        raise failure(f"{address}: {error}") from error
    except HTTPError as error:
        error.close()
        raise failure(f"{address}: what answers there is no gateway (HTTP {error.code})") from error
    except (OSError, ValueError, HTTPException) as error:
        raise failure(f"{address} cannot be asked: {getattr(error, 'reason', None) or error}") from error
