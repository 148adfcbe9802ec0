"""The people whom each page lists, and whose dots light up when they are online."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest

MOST_PEOPLE = 5


def people(request: HttpRequest) -> dict[str, Callable[[], list[Any]]]:
    """Return who is listed on a page, for its template. Only a template that asks reads the database."""
    return {"people": lambda: list(get_user_model().objects.filter(is_active=True).order_by("pk")[:MOST_PEOPLE])}
