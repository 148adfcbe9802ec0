"""Judgement of an exception that escapes a handler: the server's own stop, or a failure that costs one message.

Handlers, modules, servants and policies are other people's code. They may raise anything: ``SystemExit``,
``KeyboardInterrupt``, ``GreenletExit`` and ``gevent.Timeout`` derive from ``BaseException`` and pass an
``except Exception``. Code that calls a handler catches ``BaseException`` and asks here what has to pass. Pure.
"""

from pathlib import PurePath

from rtserver.base.wire.json import encodable

MAX_TEXT = 300
MAX_CONTEXT = 100  # links of a chain of exceptions that are followed

# Of the base classes themselves: an exception's own class, or its metaclass, may define these anew.
_context_of = BaseException.__dict__["__context__"].__get__
_trace_of = BaseException.__dict__["__traceback__"].__get__
_class_name = type.__dict__["__name__"].__get__


class StopRequest(BaseException):
    """Raised inside a handler because the server stops. It is no verdict on the message: let it pass."""


def is_stop(error: BaseException) -> bool:
    """Return whether the server's stop raised ``error``, directly or as what the handler was interrupted by.

    A handler that answers the stop with an exception of its own has been stopped all the same.
    """
    link: BaseException | None = error
    for _ in range(MAX_CONTEXT):
        if link is None or _is_stop_request(link):
            break
        link = _context_of(link)
    return link is not None and _is_stop_request(link)


def _is_stop_request(error: BaseException) -> bool:
    # Not ``isinstance``: it asks the exception for its ``__class__``, too.
    return issubclass(type(error), StopRequest)


def describe(error: BaseException) -> str:
    """Return type, text and place: ``KeyError: 'price' (shop/orders.py:12 in __call__)``.

    The place is the last line of the traceback. The result is valid UTF-8 text. Never raises.
    """
    place = place_of(error)
    return f"{name_of(error)}: {text_of(error)}{f' ({place})' if place else ''}"


def as_exception(error: BaseException) -> Exception:
    """Return ``error``, or a ``RuntimeError`` that says the same of one that is no ``Exception``."""
    return error if isinstance(error, Exception) else RuntimeError(describe(error))


def text_of(error: BaseException) -> str:
    """Return ``str(error)``, cut to ``MAX_TEXT`` characters. Never raises, whatever ``__str__`` does."""
    try:
        text = str.__str__(str(error))[:MAX_TEXT]
    except BaseException as failure:  # noqa: BLE001 (the text is a handler's code, too)
        text = f"its text cannot be had: {name_of(failure)}"
    return encodable(text)


def name_of(error: BaseException) -> str:
    """Return the name of the exception's class, whatever its metaclass says. Never raises."""
    name: str = _class_name(type(error))
    return name


def place_of(error: BaseException) -> str:
    """Return ``directory/file.py:line in function`` of the innermost frame; empty without a traceback."""
    trace = _trace_of(error)
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{'/'.join(PurePath(code.co_filename).parts[-2:])}:{trace.tb_lineno} in {code.co_name}"
