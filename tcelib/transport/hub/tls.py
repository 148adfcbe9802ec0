"""TLS contexts of the gevent runtime: their sockets wait in the hub."""

from gevent.ssl import CERT_NONE, PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER, SSLContext


def server_context(certfile: str, keyfile: str) -> SSLContext:
    """Return the context of a listener. An empty ``keyfile`` means that the key is in ``certfile``.

    Raises ``OSError`` if a file cannot be read.
    """
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certfile, keyfile or None)
    return context


def client_context(certfile: str, *, verify: bool) -> SSLContext:
    """Return the context of a client that trusts ``certfile``, or without one the certificates of the system.

    Raises ``OSError`` if the file cannot be read.
    """
    context = SSLContext(PROTOCOL_TLS_CLIENT)
    if certfile:
        context.load_verify_locations(certfile)
    else:
        context.load_default_certs()
    if not verify:
        context.check_hostname = False
        context.verify_mode = CERT_NONE
    return context
