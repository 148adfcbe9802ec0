"""Becomes nginx with Nchan: subscribers at /sub/<topic>, publishers at /pub/<topic>, both over WebSocket."""

import os
import shutil
from pathlib import Path

from work import port_argument

CONFIG = """
load_module {module};
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log /dev/null;
{user}
events {{ worker_connections 20000; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    nchan_max_reserved_memory 512m;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location ~ ^/sub/(\\w+)$ {{
            nchan_subscriber websocket;
            nchan_channel_id $1;
            nchan_subscriber_first_message newest;
        }}
        location ~ ^/pub/(\\w+)$ {{
            nchan_publisher websocket;
            nchan_channel_id $1;
            nchan_message_buffer_length 100;
            nchan_message_timeout 5s;
        }}
    }}
}}
"""


def module_of(nginx: str) -> Path:
    """Where Debian puts the module, seen from the program."""
    return Path(nginx).resolve().parent.parent / "lib/nginx/modules/ngx_nchan_module.so"


def main() -> None:
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    directory = os.environ["BENCH_DIRECTORY"]
    text = CONFIG.format(
        module=module_of(nginx),
        directory=directory,
        port=port_argument(),
        user="user root;" if os.geteuid() == 0 else "",
    )
    config = Path(directory) / "nginx.conf"
    config.write_text(text, encoding="utf-8")
    os.execl(nginx, "nginx", "-p", directory, "-c", str(config))


if __name__ == "__main__":
    main()
