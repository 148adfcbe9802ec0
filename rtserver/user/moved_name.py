"""Old import paths of names that have moved. Each works for one more version and warns."""

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def moved_names(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of ``module``, whose names have moved to the modules in ``homes``.

    Each use of an old path raises a ``DeprecationWarning`` at the line that imports it.
    """

    def get_moved(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(f"{module}.{name} has moved: import it from {home}", DeprecationWarning, stacklevel=2)
        return getattr(import_module(home), name)

    return get_moved
