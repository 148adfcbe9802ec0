"""``python -m tcelib.queue.broker``: a broker of AMQP 1.0 in memory, for examples and tests."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence

from tcelib.queue.amqp.open import need_proton
from tcelib.queue.broker.limit import Limits

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Return 2 if it cannot begin."""
    options = _parser().parse_args(arguments)
    try:
        need_proton()
        from tcelib.queue.broker.server import BrokerServer, server_context  # imports what may not be there

        limits = Limits(queue_messages=options.queue_messages, message_bytes=options.message_bytes)
        tls = server_context(options.certfile, options.keyfile) if options.certfile else None
        server = BrokerServer(options.host, options.port, limits, tls)
    except (ImportError, OSError) as error:
        print(f"The broker cannot begin: {error}", file=sys.stderr)  # noqa: T201
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    log.info("= the broker listens on %s:%d; it keeps everything in memory", options.host, server.port)
    server.run()
    log.info("= the broker has stopped")
    return 0


def _parser() -> argparse.ArgumentParser:
    limits = Limits()
    parser = argparse.ArgumentParser("python -m tcelib.queue.broker", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=5672, help="port to listen on, 0 for a free one (%(default)s)")
    parser.add_argument(
        "--queue-messages",
        type=int,
        default=limits.queue_messages,
        help="messages that one queue holds (%(default)s)",
    )
    parser.add_argument(
        "--message-bytes", type=int, default=limits.message_bytes, help="bytes of the largest message (%(default)s)"
    )
    parser.add_argument("--certfile", default="", help="certificate to show: then only TLS is spoken")
    parser.add_argument("--keyfile", default="", help="its key, if it is not in the same file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
