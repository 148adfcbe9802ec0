"""Imports among generated Python modules, circles included.

What a type needs of a sibling it needs only when it is used; a class needs its base when it is defined. So modules of
bases are imported first, and others of the circle at the end, when everything here is there to be imported.
"""

from collections.abc import Mapping

from tcelib.tmake.model import Module
from tcelib.tmake.module_circle import in_one_circle
from tcelib.tmake.python_name import file_name


def sibling_imports(
    modules: Mapping[str, Module], module: Module, called: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """The imports at the top of ``module`` and those at its end. ``called`` is what it calls its siblings."""
    early: list[str] = []
    late: list[str] = []
    for name, alias in called.items():
        is_late = name not in module.base_modules() and in_one_circle(modules, module.name, name)
        file = file_name(name)
        (late if is_late else early).append(f"import {file}" if alias == file else f"import {file} as {alias}")
    return early, late
