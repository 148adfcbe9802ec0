"""Kept loops: greenlets of a gateway that begin anew after an error that nobody expected."""

import logging
from collections.abc import Callable

import gevent

PAUSE_SECONDS = 1.0
"""Between the death of a loop and its next run."""
log = logging.getLogger("tce.gateway")


def spawn_kept(loop: Callable[[], object], what: str) -> gevent.Greenlet:
    """Run ``loop`` in a greenlet until it returns or is killed. ``what`` it does is said in the log.

    An exception is logged with its traceback; after a pause the loop begins anew.
    """
    return gevent.spawn(_keep, loop, what)


def _keep(loop: Callable[[], object], what: str) -> None:
    while True:
        try:
            loop()
        except Exception:
            log.exception("! the loop that %s died; it begins anew", what)
            gevent.sleep(PAUSE_SECONDS)
        else:
            return
