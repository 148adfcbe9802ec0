"""The common part of an ES module and its declarations for TypeScript: names, bases, and the methods of a proxy."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from tcelib.tmake.javascript_name import exported_names, method_name, module_alias, parameters, proxy_key
from tcelib.tmake.javascript_type import TypeWriter
from tcelib.tmake.model import Declared, Interface, Model, Module, Operation
from tcelib.tmake.module_circle import reached, way_out
from tcelib.tmake.syntax.error import Cause, Problem, Severity

# ES modules are loaded after those that they import; of two that import each other one has to be the first.
BASE_LOADED_LATER = Cause(
    Severity.ERROR,
    "in JavaScript '{}' cannot extend '{}': the modules '{}' and '{}' need each other; {}",
)
# A module is written to a file of its name, beside which the runtime may lie.
RUNTIME_OVERWRITTEN = Cause(
    Severity.ERROR,
    "module '{0}' becomes {0}.js, which is the runtime: say with --runtime where '{1}' lies instead",
)


@dataclass(frozen=True, slots=True)
class ProxyMethod:
    """A method of a proxy: those parameters of it that follow the operation's may be left out."""

    name: str
    names: list[str]
    types: list[str]
    result: str
    runtime: str
    """The runtime's method that does the work."""

    @property
    def returns(self) -> bool:
        return self.result != "void"


class JavaScriptModule:
    """One module of a model, seen by an emitter."""

    def __init__(self, model: Model, module: Module) -> None:
        self.module = module
        modules = {each.name: each for each in model.modules}
        self.types = TypeWriter(module, modules, _modules_that_need(module, modules))

    def head(self, runtime: str) -> list[str]:
        return [
            f"// Made by tce2js from module {self.module.name}: change the IDL, not this file.",
            f'import * as tce from "{runtime}";',
            *(f'import * as {module_alias(name)} from "./{name}.js";' for name in self.module.imports()),
        ]

    def exported(self, declared: Declared) -> str:
        return exported_names(self.module)[declared.name]

    def proxy(self, interface: Interface) -> str:
        return exported_names(self.module)[proxy_key(interface)]

    def proxy_base(self, interface: Interface) -> str:
        base = interface.base
        return "tce.Proxy" if base is None else self.types.name(proxy_key(base), base.module)

    def servant_base(self, interface: Interface) -> str:
        """The servant of the nearest base that has one."""
        base = next((base for base in interface.bases() if base.has_servant("js")), None)
        return "tce.Servant" if base is None else self.types.name(base.name, base.module)

    def interfaces_in_order(self) -> list[Interface]:
        """The interfaces, each after its bases; otherwise as they were declared."""
        ordered: dict[Interface, None] = {}
        for interface in self.module.interfaces():
            for each in reversed([interface, *interface.bases()]):
                if each.module == self.module.name:
                    ordered[each] = None
        return list(ordered)

    def answer_type(self, operation: Operation) -> str:
        """Return the type of a servant's answer."""
        result = self.types.read(operation.result)
        return f"{result} | Promise<{result}>"

    def comment(self, text: str) -> list[str]:
        return text.split("\n") if text else []

    def methods(self, interface: Interface, operation: Operation) -> Iterator[ProxyMethod]:
        """The methods that call an operation, except one whose name is that of an operation of its own."""
        types = [self.types.written(param.type) for param in operation.params]
        result = self.types.read(operation.result)
        name = method_name(operation)
        yield ProxyMethod(
            name,
            parameters(operation, "options"),
            [*types, "tce.CallOptions"],
            f"Promise<{result}>",
            "$call",
        )
        operations = {each.name for owner in (interface, *interface.bases()) for each in owner.operations}
        if f"{operation.name}_async" not in operations:
            callback = "tce.OnDone<this>" if operation.is_void else f"tce.OnResult<{result}, this>"
            yield ProxyMethod(
                f"{operation.name}_async",
                parameters(operation, "callback", "error", "props", "cookie"),
                [*types, callback, "tce.OnError<this>", "tce.ExtraInput | null", "any"],
                "void",
                "$callAsync",
            )
        if operation.is_void and f"{operation.name}_oneway" not in operations:
            yield ProxyMethod(
                f"{operation.name}_oneway",
                parameters(operation, "options", "props"),
                [*types, "tce.OneWayOptions<this> | tce.OnError<this>", "tce.ExtraInput | null"],
                "void",
                "$send",
            )


def check_files(model: Model, runtime: str) -> Iterator[Problem]:
    """The runtime is imported from ``runtime``, as an import says it."""
    for module in model.modules:
        if posixpath.normpath(runtime) == f"{module.name}.js":
            yield RUNTIME_OVERWRITTEN.at(module.place, module.name, runtime)


def check_bases(model: Model) -> Iterator[Problem]:
    """A class has to be there when it is extended; everything else is looked up when it is used."""
    modules = {module.name: module for module in model.modules}
    for module in model.modules:
        needed_by = _modules_that_need(module, modules)
        for interface in module.interfaces():
            base = interface.base
            if base is not None and base.module in needed_by:
                names = interface.full_name, base.full_name
                out = way_out(modules, base.module, module.name)
                yield BASE_LOADED_LATER.at(interface.place, *names, module.name, base.module, out)


def _modules_that_need(module: Module, modules: dict[str, Module]) -> frozenset[str]:
    """The modules whose imports, and those of the imported, lead to ``module``: loaded, they may come before it."""
    return frozenset(name for name in modules if name != module.name and module.name in reached(modules, name))
