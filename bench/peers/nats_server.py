"""Becomes nats-server with a WebSocket port; its TCP port is in ``BENCH_NATS_PORT``."""

import os
from pathlib import Path

from work import port_argument

CONFIG = """
listen: "127.0.0.1:{tcp_port}"
websocket {{ listen: "127.0.0.1:{port}", no_tls: true, compression: false }}
"""


def main() -> None:
    config = Path(os.environ["BENCH_DIRECTORY"]) / "nats.conf"
    config.write_text(CONFIG.format(tcp_port=os.environ["BENCH_NATS_PORT"], port=port_argument()), encoding="utf-8")
    os.execlp("nats-server", "nats-server", "-c", str(config), "-l", "/dev/null")


if __name__ == "__main__":
    main()
