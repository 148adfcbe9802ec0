"""Generated Python for servants. A method that is not overridden gives the value that its type begins with."""

from tcelib.tmake.model import Interface, Operation
from tcelib.tmake.python_description import description, signature
from tcelib.tmake.python_module import PythonModule
from tcelib.tmake.python_name import class_name, method_name, parameter_names
from tcelib.tmake.python_text import docstring, indented, listed

LANGUAGE = "py"


class PythonServants:
    """The block of lines for the servant of an interface."""

    def __init__(self, module: PythonModule) -> None:
        self._module = module

    def block(self, interface: Interface) -> list[str]:
        """Nothing if no servant is wanted."""
        if not interface.has_servant(LANGUAGE):
            return []
        hidden = frozenset(method_name(operation) for operation in interface.operations)
        base = next((base for base in interface.bases() if base.has_servant(LANGUAGE)), None)
        methods = [self._method(operation, hidden) for operation in interface.operations]
        return [
            f"class {class_name(interface)}({'tce.Servant' if base is None else self._module.class_of(base)}):",
            *indented(docstring(f"Servant of {description(interface)}.", interface.comment)),
            "",
            *indented([f"INTERFACE = {self._module.interface_of(interface)}"]),
            *indented(line for method in methods for line in ("", *method)),
        ]

    def _method(self, operation: Operation, hidden: frozenset[str]) -> list[str]:
        parameters = self._module.parameters(operation, hidden)
        context = f"ctx: {self._module.spelled('tce.RpcContext', hidden)}"
        result = self._module.annotation(operation.result, hidden)
        answer = f"{self._module.spelled('tce.Answer', hidden)}[{result}]"
        default = self._module.default(operation.result, frozenset(parameter_names(operation)))
        return [
            *listed(f"def {method_name(operation)}(", ["self", *parameters, context], f") -> {answer}:", depth=1),
            *indented(docstring(signature(operation), operation.comment, depth=2)),
            *indented([f"return {default}"]),
        ]
