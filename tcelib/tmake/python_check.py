"""Problems of a right IDL in Python: two things of one name, modules that cannot be loaded."""

import sys
from collections.abc import Iterable, Iterator

from tcelib.tmake.model import Declared, Interface, Model, Module, Operation
from tcelib.tmake.module_circle import in_one_circle, way_out
from tcelib.tmake.python_name import class_name, file_name, method_name, proxy_name
from tcelib.tmake.syntax.error import NAME_CLASH, Cause, Problem, Severity

LANGUAGE = "Python"
HIDDEN = frozenset(sys.stdlib_module_names) - {"test"}
"""Names of Python's own modules that programs may need. Its tests are none of them."""


# Modules that import each other are loaded bases first, which fails if a base has its base there, too.
BASE_NOT_LOADED = Cause(
    Severity.ERROR,
    "in Python '{}' cannot extend what is in module '{}': it needs '{}' in turn, which needs '{}'; {}",
)
# A generated module lies beside the program, where Python looks before it looks for its own.
HIDES_LIBRARY = Cause(
    Severity.WARNING,
    "module '{0}' becomes {0}.py, which hides Python's own module of that name from programs beside it, and from "
    "tcelib; call it something else",
)


def problems_in_python(model: Model) -> tuple[Problem, ...]:
    """All of them."""
    hiding = (module for module in model.modules if module.name in HIDDEN)
    cautions = (HIDES_LIBRARY.at(module.place, module.name) for module in hiding)
    return (*_name_clashes(model), *_bases_not_loaded(model), *cautions)


def _bases_not_loaded(model: Model) -> Iterator[Problem]:
    modules = {module.name: module for module in model.modules}
    for module in model.modules:
        for interface in module.interfaces():
            base = interface.base
            if base is not None and in_one_circle(modules, module.name, base.module):
                for further in modules[base.module].base_modules():
                    if in_one_circle(modules, base.module, further):
                        names = base.module, further, module.name
                        out = way_out(modules, further, base.module)
                        yield BASE_NOT_LOADED.at(interface.place, interface.full_name, *names, out)


def _name_clashes(model: Model) -> tuple[Problem, ...]:
    modules = ((file_name(module.name), f"module '{module.name}'", module) for module in model.modules)
    return (
        *_clashes(modules),
        *(clash for module in model.modules for clash in _clashes(_of_module(module))),
        *(clash for interface in model.interfaces() for clash in _clashes(_of_interface(interface))),
    )


def _of_module(module: Module) -> Iterator[tuple[str, str, Declared]]:
    for element in module.elements:
        yield class_name(element), f"'{element.name}'", element
        if isinstance(element, Interface):
            yield proxy_name(element), f"the proxy of '{element.name}'", element


def _of_interface(interface: Interface) -> Iterator[tuple[str, str, Declared | Operation]]:
    inherited = [operation for base in interface.bases() for operation in base.operations]
    for operation in (*inherited, *interface.operations):
        name = method_name(operation)
        yield name, f"operation '{operation.name}'", operation
        yield f"{name}_async", f"the asynchronous '{operation.name}'", operation
        if operation.is_void:
            yield f"{name}_oneway", f"the one-way '{operation.name}'", operation


def _clashes(named: Iterable[tuple[str, str, Module | Declared | Operation]]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for name, what, thing in named:
        other = first.setdefault(name, what)
        if other != what:
            yield NAME_CLASH.at(thing.place, LANGUAGE, name, other, what)
