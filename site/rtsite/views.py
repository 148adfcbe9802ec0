"""The site's own pages. They bring no data: what moves on them comes over the socket."""

import json

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

# The key of a demo quote is EXCHANGE:ITEM:DATE, that of its days EXCHANGE:ITEM.
EXCHANGE = "DEMO"
DATE = "20130301"
ITEMS = ("AAPL", "IBM", "MSFT")
# The half-years whose prices the watch list's quotes play, the newest first.
HALVES = [f"{year}H{half}" for year in range(2013, 2004, -1) for half in (2, 1)][1:]
WATCHED = [f"{item}-{half}" for half in HALVES for item in ITEMS][:50]
NOW = "NOW_MS"
"""Stands in a command for the milliseconds since 1970 at which it is pasted."""


@require_safe
@never_cache
@login_required
def charts(request: HttpRequest) -> HttpResponse:
    """Live charts of the demo quotes, and how to push to them."""
    return render(
        request,
        "charts.html",
        {
            "websocket_url": settings.RTSERVER_WEBSOCKET_URL,
            "exchange": EXCHANGE,
            "date": DATE,
            "items": ITEMS,
            "push_commands": push_commands(),
        },
    )


@require_safe
@never_cache
@login_required
def watch(request: HttpRequest) -> HttpResponse:
    """A list of quotes of which a part is on the screen."""
    context = {"websocket_url": settings.RTSERVER_WEBSOCKET_URL, "exchange": EXCHANGE, "items": WATCHED}
    return render(request, "watch.html", context)


@require_safe
@never_cache
@login_required
def notices(request: HttpRequest) -> HttpResponse:
    """The notices that came while this tab was open."""
    return render(request, "notices.html", {"websocket_url": settings.RTSERVER_WEBSOCKET_URL})


@require_safe
@never_cache
def session(request: HttpRequest) -> HttpResponse:
    """204 while the browser's session holds, else 401.

    Pages ask when their socket cannot connect: a browser does not tell a script why a handshake was refused.
    """
    return HttpResponse(status=204 if request.user.is_authenticated else 401)


def push_commands() -> list[dict[str, str]]:
    """Return commands to paste into a shell that make the page react, with a title for each."""
    quote = [{"quote": f"{EXCHANGE}:{ITEMS[0]}", "info": {"point": [NOW, 430.5]}}]
    notice = {"user_id": "*", "type": "notice", "data": {"text": "hello"}}
    return [
        {"title": f"Move {ITEMS[0]} (1d)", "command": push_command("quote", quote)},
        {"title": "Send everyone a notice", "command": push_command("pushuser", notice)},
    ]


def push_command(message_type: str, data: object) -> str:
    """One service message as a line for a shell. ``data`` is plain JSON data without single quotes, but for ``NOW``.

    What has to be signed needs our own command, and the secret of whoever pastes it. So does, without a secret, an
    address that redis-cli does not know.
    """
    is_signed = settings.RTSERVER_QUEUE_SECRET or settings.RTSERVER_QUEUE_SECRET_FILE
    if is_signed or "+" in settings.RTSERVER_PRODUCER_URL.partition("://")[0]:
        where = f"--redis-url {settings.RTSERVER_PRODUCER_URL} --queue {settings.RTSERVER_QUEUE}"
        secret = "RTSERVER_QUEUE_SECRET=… " if is_signed else ""
        return f"{secret}python -m rtserver push {message_type} '{shell_text(data)}' {where}"
    message = shell_text({"type": message_type, "src": "me", "data": data})
    return f"redis-cli -u {settings.RTSERVER_PRODUCER_URL} RPUSH {settings.RTSERVER_QUEUE} '{message}'"


def shell_text(data: object) -> str:
    """Return JSON for a place between single quotes, in which ``NOW`` becomes the shell's present time."""
    return json.dumps(data, separators=(",", ":")).replace(f'"{NOW}"', "'$(date +%s)'000")
