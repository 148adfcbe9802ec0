"""redis-py on gevent's sockets, without monkey patching: only how a connection opens its socket is replaced.

For the programs of a gevent hub. While one greenlet waits for Redis, the others of its hub go on.
"""

import socket
from typing import Any

import gevent.socket
import gevent.ssl
import redis

from tcelib.redis.redis_connection import RedisClient
from tcelib.tls_errors import keep_apart


class GeventConnection(redis.Connection):
    """TCP."""

    def _connect(self) -> Any:
        return _open(self)


class GeventSSLConnection(redis.SSLConnection):
    """TLS, with the certificates that the URL names (``ssl_ca_certs``, ``ssl_certfile``, ``ssl_cert_reqs``, ...)."""

    def _connect(self) -> Any:
        # Not gevent.ssl.create_default_context: its sockets are the standard library's, and stop the whole hub.
        context = gevent.ssl.SSLContext(gevent.ssl.PROTOCOL_TLS_CLIENT)
        keep_apart(context)
        if self.ca_certs or self.ca_path or self.ca_data:
            context.load_verify_locations(self.ca_certs, self.ca_path, self.ca_data)
        else:
            context.load_default_certs()
        context.check_hostname = self.check_hostname
        context.verify_mode = self.cert_reqs
        if self.certfile or self.keyfile:
            context.load_cert_chain(self.certfile, self.keyfile, self.certificate_password)
        plain = _open(self)
        try:
            return context.wrap_socket(plain, server_hostname=self.host)
        except OSError:
            plain.close()
            raise


class GeventUnixConnection(redis.UnixDomainSocketConnection):
    """A socket in the file system."""

    def _connect(self) -> Any:
        sock = gevent.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(self.socket_connect_timeout)
            sock.connect(self.path)
        except OSError:
            sock.close()
            raise
        sock.settimeout(self.socket_timeout)
        return sock


GEVENT = {"redis": GeventConnection, "rediss": GeventSSLConnection, "unix": GeventUnixConnection}
"""gevent's sockets, by the scheme of the URL."""


def gevent_client(url: str) -> RedisClient:
    """A client for a gevent hub. Raises ``ValueError`` for a URL that is none of redis, rediss or unix."""
    return RedisClient(url, GEVENT)


def _open(connection: redis.Connection) -> Any:
    address = (connection.host, connection.port)
    sock = gevent.socket.create_connection(address, timeout=connection.socket_connect_timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.settimeout(connection.socket_timeout)
    return sock
