"""Banner: the lines that a person sees who has just started the server."""

from collections.abc import Mapping

import rtserver
from rtserver.base.wire.printable import printable
from rtserver.bootstrap.config.config import Config


def banner(config: Config, port: int, redis_address: str, has_demo: bool) -> str:
    """Return the banner: where things are. ``redis_address`` has no password in it."""
    host = "localhost" if config.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else config.host
    secure = "s" if config.tls_cert else ""
    rows: Mapping[str, str] = {
        "page": f"http{secure}://{host}:{port}/",
        "log in as": "demo / demo",
        "tce": f"{host}:{config.tce_port}" + (" (TLS)" if secure else ""),
        "producers": f'redis-cli -u {redis_address} RPUSH {config.queue} \'{{"type":…,"src":…,"data":…}}\'',
        "stop": "Ctrl-C",
    }
    if not has_demo:
        rows = {"websocket": f"ws{secure}://{host}:{port}/rt/"} | {
            name: rows[name] for name in ("tce", "producers", "stop")
        }
    if not config.tce_port:
        rows = {name: text for name, text in rows.items() if name != "tce"}
    lines = "\n".join(f"    {name:<10} {printable(value)}" for name, value in rows.items())
    return f"\n  rtserver {rtserver.__version__} is up\n\n{lines}\n"
