"""The commands of the load tool: what they are told, what they print, and how they end.

    0    measured
    1    could not be measured: the message says why
    2    the command line is wrong
    3    measured, but connections were lost or messages are left
    130  ended by Ctrl-C; what was measured until then is printed

What is measured is written in ``rtserver.bench``.
"""

import json
import sys
from collections.abc import Callable
from typing import Any, NoReturn, TextIO, TypeVar

import click
import msgspec

from rtserver.base.wire.printable import printable_lines
from rtserver.bench.client.error import BenchError
from rtserver.bench.client.report import client_text, redis_text
from rtserver.bench.client.target import Target
from rtserver.bench.client_run import ClientOptions, ClientRun
from rtserver.bench.login import log_in
from rtserver.bench.producer import Producer, RedisOptions
from rtserver.bench.progress import Progress
from rtserver.bench.standard_set import measure
from rtserver.bench.tls import client_context
from rtserver.bootstrap.command.queue_client import open_queue
from rtserver.bootstrap.config.config_option import QUEUE_KEYS, config_of, config_options
from rtserver.bootstrap.process.embedded_redis import running_url

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_URL = "ws://127.0.0.1:8888/rt/"
DEFAULT_QUOTE = "BENCH:X:20130301"
INCOMPLETE = 3
INTERRUPTED = 130
COUNT = click.IntRange(min=0)
SECONDS = click.FloatRange(min=0.1)


class Measurement(click.Command):
    """Tells an error that stops a measurement in one line on stderr. Ctrl-C before the first figure only ends it."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BenchError as error:
            raise click.ClickException(printable_lines(str(error))) from error
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)


def _shared(command: F) -> F:
    """The options that every measurement has."""
    as_json = click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
    seconds = click.option(
        "--seconds", type=SECONDS, default=10.0, metavar="S", show_default=True, help="Seconds to measure."
    )
    return as_json(seconds(command))


def _protocol(text: str) -> Callable[[F], F]:
    return click.option("--protocol", type=click.Choice(("json", "tce")), help=text)


_wall_clock = click.option(
    "--wall-clock",
    "is_wall_clock",
    is_flag=True,
    help="Stamp and read messages by the wall clock: for two machines, and only as right as their clocks agree.",
)


@click.command(cls=Measurement)
@click.argument("url", default=DEFAULT_URL)
@click.option(
    "-c",
    "--connections",
    metavar="N",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Connections to open.",
)
@_shared
@_protocol("What is spoken.  [tce at tce://host:port and /rt/?tce, else json]")
@click.option(
    "--warm-up",
    metavar="S",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Seconds that are not counted.",
)
@click.option("--login", metavar="USER:PASSWORD", help="Log in with Django's form.")
@click.option("--login-url", metavar="URL", help="Where the form is.  [/accounts/login/ of the same host]")
@click.option("--cookie", default="", metavar="NAME=VALUE", help='A session that you have: "sessionid=...".')
@click.option(
    "--token",
    "tokens",
    multiple=True,
    metavar="TEXT",
    help="A session's key or a token that the site signed; several take turns. JSON sends them as cookie sessionid.",
)
@click.option("--token-file", type=click.File(), metavar="FILE", help='Tokens, one a line; "-" is stdin.')
@click.option("--quote", "quotes", multiple=True, metavar="KEY", help="Show EXCHANGE:ITEM:DATE; several take turns.")
@click.option(
    "--ping-rate", metavar="R", type=click.FloatRange(min=0), default=0.0, help="Pings a second, of all together."
)
@click.option(
    "--ping-depth", metavar="N", type=COUNT, default=0, help="Pings under way on each connection, all the time."
)
@click.option("--ping-bytes", metavar="N", type=click.IntRange(0, 65_000), default=0, help="Size of a ping's data.")
@click.option(
    "--timed", metavar="N", type=COUNT, default=100, show_default=True, help="Connections that read ages of messages."
)
@_wall_clock
@click.option("--insecure", is_flag=True, help="Take any certificate.")
def client(
    url: str,
    *,
    protocol: str | None,
    login: str | None,
    login_url: str | None,
    token_file: TextIO | None,
    insecure: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Connect to URL many times, and measure what comes back.

    \b
    ws://host:8888/rt/      JSON over a WebSocket, as browsers do
    ws://host:8888/rt/?tce  TCE over a WebSocket; so is --protocol tce
    tce://host:8889         TCE over TCP: the server's tce_port

    \b
    Without --quote and pings the connections are idle, and count what is
    pushed to their user. Ages are known of messages that "bench redis"
    pushed on this machine; pings need no second clock.

    \b
    Examples:
      rtserver bench client --login demo:demo -c 500 --quote BENCH:X:20130301
      rtserver bench client wss://live.example.com/rt/ --cookie sessionid=... --ping-rate 200
      rtserver bench client tce://live.example.com:8889 --token-file tokens -c 500 --ping-depth 1
    """
    target = Target.parse(url).speaking(protocol)
    if sum(map(bool, (login, options["cookie"], options["tokens"], token_file))) > 1:
        raise click.UsageError("one of --login, --cookie, --token and --token-file says who the connections are")
    if token_file is not None:
        options["tokens"] = _tokens(token_file)
    if login is not None:
        options["cookie"] = _log_in(target, login, login_url, verify=not insecure)
    chosen = ClientOptions(target=target, verifies=not insecure, **options)
    with ClientRun(chosen, Progress()) as run:
        run.prepare()
        report = run.measure()
    _print(report, client_text(report), as_json)
    _end(report.is_interrupted, is_incomplete=bool(report.lost))


@click.command(cls=Measurement)
@click.option(
    "--rate",
    metavar="R",
    type=click.FloatRange(min=0),
    default=100.0,
    show_default=True,
    help="Messages/s; 0: flat out.",
)
@_shared
@click.option("--quote", "quotes", multiple=True, metavar="KEY", help=f"Quotes to push.  [{DEFAULT_QUOTE}]")
@click.option("--user", "user_id", default="", metavar="ID", help='Push to this user instead; "*" is everyone.')
@click.option("--size", type=COUNT, default=0, metavar="BYTES", help="About the size of a message.")
@click.option(
    "--batch",
    metavar="N",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    help="Messages in one RPUSH.",
)
@click.option(
    "--backlog",
    metavar="N",
    type=COUNT,
    default=2_000,
    show_default=True,
    help="Flat out: wait while more are waiting.",
)
@click.option("--burst", type=COUNT, default=0, metavar="N", help="Push N at once instead, and time their way off.")
@_wall_clock
@config_options(QUEUE_KEYS)
def redis(as_json: bool, quotes: tuple[str, ...], **options: Any) -> None:
    """Push marked messages to the queue, and watch how they are taken.

    \b
    Examples:
      rtserver bench redis --rate 100
      rtserver bench redis --rate 0 --batch 200 --redis-url redis://redis.internal:6379/0
      rtserver bench redis --burst 100000 --batch 500
    """
    chosen = {name: options.pop(name) for name in RedisOptions.__struct_fields__ if name in options}
    config = config_of(options)
    queue = open_queue(config)
    run = RedisOptions(quotes=quotes or (DEFAULT_QUOTE,), **chosen)
    try:
        report = Producer(queue, f"{config.queue} at {queue.address}", run, Progress()).run()
    finally:
        queue.close()
    _print(report, redis_text(report), as_json)
    _end(report.is_interrupted, is_incomplete=bool(report.waiting))


@click.command(cls=Measurement)
@_shared
@_protocol("What its clients speak; tce is over TCP.  [json]")
@click.option(
    "--clients",
    metavar="N",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    help="Clients that watch one quote.",
)
@click.option(
    "--connections",
    metavar="N",
    type=click.IntRange(min=1),
    default=2_000,
    show_default=True,
    help="Connections that are idle.",
)
@config_options(("redis_url",))
def server(
    as_json: bool, protocol: str | None, clients: int, connections: int, seconds: float, **options: Any
) -> None:
    """Start a server of its own on this machine and measure it: one command, one table.

    \b
    It takes about five times --seconds. The server gets an embedded Redis,
    or with --redis-url a queue of its own name in yours.
    """
    url = config_of(options).redis_url
    rows = []
    progress = Progress()
    for row in measure(
        url,
        running_url,
        clients=clients,
        connections=connections,
        seconds=seconds,
        progress=progress,
        is_tce=protocol == "tce",
    ):
        rows.append(row)
        progress.say(f"  {row.measured}")
    table = "\n".join(f"{row.what:<50} {row.measured}" for row in rows)
    _print({row.what: row.numbers for row in rows}, table, as_json)


def _log_in(target: Target, login: str, login_url: str | None, *, verify: bool) -> str:
    user, colon, password = login.partition(":")
    if not colon:
        raise click.BadParameter("a login looks like user:password", param_hint="--login")
    if target.scheme == "tce" and login_url is None:
        raise click.UsageError("--login at a tce:// address needs --login-url: the site is elsewhere")
    return log_in(login_url or target.page("/accounts/login/"), user, password, client_context(verify))


def _tokens(file: TextIO) -> tuple[str, ...]:
    found = tuple(file.read().split())
    if not found:
        raise click.BadParameter("there is no token in it", param_hint="--token-file")
    return found


def _print(report: Any, text: str, as_json: bool) -> None:
    # What the measured server said may be in it.
    click.echo(json.dumps(msgspec.to_builtins(report), indent=2) if as_json else printable_lines(text))


def _end(is_interrupted: bool, *, is_incomplete: bool) -> NoReturn:
    sys.exit(INTERRUPTED if is_interrupted else INCOMPLETE if is_incomplete else 0)
