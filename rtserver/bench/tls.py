"""TLS as a load client speaks it."""

import ssl

from tcelib.tls_errors import keep_apart


def client_context(verify: bool) -> ssl.SSLContext:
    """Return a context; ``verify`` False takes any certificate, such as a test machine's own."""
    context = ssl.create_default_context()
    keep_apart(context)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
