"""Modules that need each other: what leads where, and by which imports.

Languages load a module after those it imports; of modules in a circle one has to be the first.
"""

from collections.abc import Mapping

from tcelib.tmake.model import Module


def reached(modules: Mapping[str, Module], start: str) -> frozenset[str]:
    """The modules that ``start`` imports, that these import, and so on; ``start`` itself if it is in a circle."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(modules[waiting.pop()].imports()) - found
        found |= new
        waiting.extend(new)
    return frozenset(found)


def in_one_circle(modules: Mapping[str, Module], one: str, other: str) -> bool:
    """Return true if two modules lead to each other."""
    return one != other and other in reached(modules, one) and one in reached(modules, other)


def way_out(modules: Mapping[str, Module], start: str, goal: str) -> str:
    """Return the advice by which ``start`` leads to ``goal`` no more. It must not be needed for a base."""
    leading = [name for name in modules[start].imports() if name == goal or goal in reached(modules, name)]
    named = " and ".join(f"'{name}'" for name in leading)
    return f"move what '{start}' needs of {named} to a module that needs none of them"
