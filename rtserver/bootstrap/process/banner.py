"""Banner: the lines that a person sees who has just started the server."""

import rtserver
from rtserver.base.wire.printable import printable
from rtserver.bootstrap.config.config import Config


def banner(config: Config, port: int, redis_address: str, has_demo: bool, workers: int = 1) -> str:
    """Return the banner: where things are. ``redis_address`` has no password in it."""
    host = "localhost" if config.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else config.host
    secure = "s" if config.tls_cert else ""
    rows = {
        "page": f"http{secure}://{host}:{port}/",
        "log in as": "demo / demo",
        "tce": f"{host}:{config.tce_port}" + (" (TLS)" if secure else ""),
        "producers": f'redis-cli -u {redis_address} RPUSH {config.queue} \'{{"type":…,"src":…,"data":…}}\'',
        "workers": f"{workers} processes",
        "stop": "Ctrl-C",
    }
    if workers == 1:
        del rows["workers"]
    if not has_demo:
        rows = {"websocket": f"ws{secure}://{host}:{port}/rt/"} | {
            name: text for name, text in rows.items() if name not in ("page", "log in as")
        }
    if not config.tce_port:
        rows = {name: text for name, text in rows.items() if name != "tce"}
    lines = "\n".join(f"    {name:<10} {printable(value)}" for name, value in rows.items())
    return f"\n  rtserver {rtserver.__version__} is up\n\n{lines}\n"
