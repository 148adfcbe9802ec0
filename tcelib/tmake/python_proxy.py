"""Generated Python for proxies: each operation's two-way and asynchronous call, and of void ones the one-way call.

Their bodies are a line each; what a call is belongs to the runtime.
"""

from dataclasses import dataclass

from tcelib.tmake.model import Interface, Operation
from tcelib.tmake.python_description import description, signature
from tcelib.tmake.python_module import PythonModule
from tcelib.tmake.python_name import method_name, parameter_names, proxy_name
from tcelib.tmake.python_text import docstring, indented, listed, tuple_of

OPTIONS = ("callback", "cookie", "extra", "error", "timeout")


class PythonProxies:
    """The block of lines for the proxy of an interface."""

    def __init__(self, module: PythonModule) -> None:
        self._module = module

    def block(self, interface: Interface) -> list[str]:
        base = "tce.Proxy" if interface.base is None else self._module.proxy_of(interface.base)
        names = map(method_name, interface.operations)
        hidden = frozenset(each for name in names for each in (name, f"{name}_async", f"{name}_oneway"))
        methods = [
            method
            for operation in interface.operations
            for method in _Methods(self._module, interface, operation, hidden).all()
        ]
        return [
            f"class {proxy_name(interface)}({base}):",
            *indented(docstring(f"Proxy of {description(interface)}.", interface.comment)),
            *indented(line for method in methods for line in ("", *method)),
        ]


@dataclass(frozen=True, slots=True)
class _Methods:
    """The methods for one operation, in a class whose methods' names are ``hidden``."""

    module: PythonModule
    interface: Interface
    operation: Operation
    hidden: frozenset[str]

    def all(self) -> list[list[str]]:
        oneway = [self._oneway()] if self.operation.is_void else []
        return [self._twoway(), self._asynchronous(), *oneway]

    def _twoway(self) -> list[str]:
        give = "" if self.operation.is_void else "return "
        return [
            *self._head("", [self._option("timeout", "float"), self._option("extra", "tce.Extra")], self._result),
            *indented(docstring(signature(self.operation), self.operation.comment, depth=2)),
            *self._body(f"{give}self._call(", ["timeout", "extra"]),
        ]

    def _asynchronous(self) -> list[str]:
        kind = "tce.VoidCallback[Self]" if self.operation.is_void else f"tce.ResultCallback[{self._result}, Self]"
        options = [
            self._option("callback", kind),
            f"cookie: {self._spelled('object')} = None",
            self._option("extra", "tce.Extra"),
            "*",
            self._option("error", "tce.ErrorCallback[Self]"),
            self._option("timeout", "float"),
        ]
        return [
            *self._head("_async", options, f"{self._spelled('tce.RpcPromise')}[{self._result}]"),
            *self._body("return self._call_async(", [f"{option}={option}" for option in OPTIONS]),
        ]

    def _oneway(self) -> list[str]:
        return [
            *self._head("_oneway", [self._option("extra", "tce.Extra")], "None"),
            *self._body("self._send(", ["extra"]),
        ]

    def _head(self, suffix: str, options: list[str], result: str) -> list[str]:
        parameters = ["self", *self.module.parameters(self.operation, self.hidden), *options]
        return listed(f"def {method_name(self.operation)}{suffix}(", parameters, f") -> {result}:", depth=1)

    def _body(self, opening: str, options: list[str]) -> list[str]:
        constant = self.module.operation_of(self.interface, self.operation)
        arguments = tuple_of(parameter_names(self.operation)) if self.operation.params else "()"
        return indented(listed(opening, [constant, arguments, *options], ")", depth=2))

    @property
    def _result(self) -> str:
        return self.module.annotation(self.operation.result, self.hidden)

    def _spelled(self, name: str) -> str:
        return self.module.spelled(name, self.hidden)

    def _option(self, name: str, type_: str) -> str:
        return f"{name}: {self._spelled(type_)} | None = None"
