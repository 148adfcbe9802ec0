"""Generated Python for operations: what turns arguments and results into bytes and back, and the constants.

An operation's functions handle a whole parameter stream, from its first to its last byte. What travels as one run of
builtin types needs no function: ``struct`` has it.
"""

from tcelib.tmake.model import Builtin, Interface, Operation, Type
from tcelib.tmake.python_module import PythonModule
from tcelib.tmake.python_name import method_name, parameter_names
from tcelib.tmake.python_reader import Position, Reader
from tcelib.tmake.python_text import Call, exploded, expressed, indented, is_short, listed, tuple_of
from tcelib.tmake.python_wire import CODES
from tcelib.tmake.python_writer import Writer, returned


class PythonOperations:
    """Blocks of lines for the operations of each interface of a module."""

    def __init__(self, module: PythonModule) -> None:
        self._module = module
        self._result_functions: dict[Type, tuple[str, str]] = {}

    def blocks(self, interface: Interface) -> list[list[str]]:
        """The functions and constants of its operations, and the constant of itself."""
        blocks = []
        for operation in interface.operations:
            functions, arguments = self._functions(interface, operation)
            blocks += [*functions, self._operation(interface, operation, arguments)]
        return [*blocks, self._interface(interface)]

    def _operation(self, interface: Interface, operation: Operation, functions: list[str]) -> list[str]:
        name = self._module.operation_of(interface, operation)
        result = self._module.annotation(operation.result)
        method = [f'method="{method_name(operation)}"'] if method_name(operation) != operation.name else []
        arguments = [
            f'"{interface.full_name}"',
            f'"{operation.name}"',
            f"ifidx={interface.index}",
            f"opidx={operation.index}",
            f"is_void={operation.is_void}",
            *functions,
            *method,
        ]
        return exploded(f"{name}: tce.Operation[{result}] = tce.Operation(", arguments, ")")

    def _interface(self, interface: Interface) -> list[str]:
        operations = [self._module.operation_of(interface, operation) for operation in interface.operations]
        bases = [] if interface.base is None else [f"bases=({self._module.interface_of(interface.base)},)"]
        name = self._module.interface_of(interface)
        known = [f'"{interface.full_name}"', f"ifidx={interface.index}"]
        opening = f"{name}: tce.Interface = tce.Interface("
        short = listed(opening, [*known, f"operations={tuple_of(operations)}", *bases], ")")
        if len(short) == 1:
            return short
        inner = (
            Call("operations=(", tuple(operations)) if len(operations) > 1 else f"operations={tuple_of(operations)}"
        )
        return exploded(opening, [*known, inner, *bases], ")")

    def _functions(self, interface: Interface, operation: Operation) -> tuple[list[list[str]], list[str]]:
        """Definitions for the operation, and what ``tce.Operation`` is handed of them."""
        blocks, (write_result, read_result) = self._result(operation.result)
        types = [param.type for param in operation.params]
        if not types:
            write, read = "tce.write_nothing", "tce.read_nothing"
        elif all(isinstance(type_, Builtin) and type_ in CODES for type_ in types):
            codes = "".join(CODES[type_] for type_ in types if isinstance(type_, Builtin))
            write, read = f"{self._module.format(codes)}.pack", f"{self._module.format(codes)}.unpack"
        else:
            write = self._module.own.take("write", interface.name, operation.name)
            read = self._module.own.take("read", interface.name, operation.name)
            names = list(parameter_names(operation))
            blocks = [self._params_writer(write, names, types), self._params_reader(read, names, types), *blocks]
        return blocks, [
            f"write_params={write}",
            f"read_params={read}",
            f"write_result={write_result}",
            f"read_result={read_result}",
        ]

    def _params_writer(self, function: str, wanted: list[str], types: list[Type]) -> list[str]:
        writer = Writer(self._module)
        names = [writer.take(name) for name in wanted]
        pieces = writer.write(zip(names, names, types, strict=True))
        annotated = [f"{name}: {self._module.annotation(type_)}" for name, type_ in zip(names, types, strict=True)]
        head = listed(f"def {function}(", annotated, ") -> bytes:")
        return [*head, *indented([*writer.lines, *returned(pieces)])]

    def _params_reader(self, function: str, names: list[str], types: list[Type]) -> list[str]:
        reader = Reader(self._module, Position(""))
        values = reader.read_whole(zip(names, types, strict=True))
        annotation = ", ".join(self._module.annotation(type_) for type_ in types)
        made = [f"return {tuple_of(values)}"]
        if len(values) > 1:
            line = f"return {', '.join(map(str, values))}"
            made = [line] if is_short(line, depth=1) else exploded("return (", values, ")", depth=1)
        head = listed(f"def {function}(", ["data: bytes"], f") -> tuple[{annotation}]:")
        return [*head, *indented([*reader.lines, *made])]

    def _result(self, type_: Type | None) -> tuple[list[list[str]], tuple[str, str]]:
        """The writer and reader of results of a type, which all operations share, defined when first needed."""
        if type_ is None:
            return [], ("tce.write_void", "tce.read_void")
        if type_ in self._result_functions:
            return [], self._result_functions[type_]
        name = type_.value if isinstance(type_, Builtin) else type_.name
        read, annotation = self._module.own.take("read_result", name), self._module.annotation(type_)
        head = f"def {read}(data: bytes) -> {annotation}:"
        if isinstance(type_, Builtin) and type_ in CODES:
            constant = self._module.format(CODES[type_])
            write = f"{constant}.pack"
            lines = [f"value: {annotation} = {constant}.unpack(data)[0]", "return value"]
            blocks = [[head, *indented(lines)]]
        else:
            write = self._module.own.take("write_result", name)
            writer = Writer(self._module)
            pieces = writer.write([("value", "value", type_)])
            reader = Reader(self._module, Position(""))
            (value,) = reader.read_whole([("value", type_)])
            blocks = [
                [f"def {write}(value: {annotation}) -> bytes:", *indented([*writer.lines, *returned(pieces)])],
                [
                    head,
                    *indented([*reader.lines, *expressed("return ", value, "", depth=1)]),
                ],
            ]
        self._result_functions[type_] = write, read
        return blocks, (write, read)
