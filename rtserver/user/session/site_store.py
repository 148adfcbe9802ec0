"""The site's session engine, and names for what it holds. Django's objects carry no types."""

from importlib import import_module
from typing import Any, TypeAlias

from django.conf import settings

Data: TypeAlias = dict[str, Any]
"""The decoded data of one session."""

StoreClass: TypeAlias = Any
"""The ``SessionStore`` of the site's engine: a subclass of ``SessionBase``."""


def store_class() -> StoreClass:
    """Return the ``SessionStore`` of the setting SESSION_ENGINE. Raises ``ImportError``."""
    return import_module(settings.SESSION_ENGINE).SessionStore
