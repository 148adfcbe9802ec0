"""Generated Python for interfaces: operations, the servant's class and the proxy's. TCE protocol, section 5.7.

An operation's functions turn its arguments or its result into a whole parameter stream and back. What travels as one
run of builtin types needs no function: ``struct`` has it.
"""

from pathlib import PurePath

from tcelib.tmake.model import Builtin, Interface, Operation, Type
from tcelib.tmake.python_module import PythonModule
from tcelib.tmake.python_name import class_name, method_name, parameter_names, proxy_name
from tcelib.tmake.python_reader import Position, Reader
from tcelib.tmake.python_text import Call, docstring, exploded, expressed, indented, is_short, listed, tuple_of
from tcelib.tmake.python_wire import CODES
from tcelib.tmake.python_writer import Writer, returned

LANGUAGE = "py"
ASYNC_OPTIONS = ("callback", "cookie", "extra", "error", "timeout")


class PythonInterfaces:
    """Blocks of lines for each interface of a module."""

    def __init__(self, module: PythonModule) -> None:
        self._module = module
        self._result_functions: dict[Type, tuple[str, str]] = {}

    def operations(self, interface: Interface) -> list[list[str]]:
        """The functions and constants of its operations, and the constant of itself."""
        blocks = []
        for operation in interface.operations:
            functions, arguments = self._functions(interface, operation)
            blocks += [*functions, self._operation(interface, operation, arguments)]
        return [*blocks, self._interface(interface)]

    def classes(self, interface: Interface) -> list[list[str]]:
        """The servant, unless none is wanted, and the proxy."""
        proxy = self._proxy(interface)
        return [self._servant(interface), proxy] if interface.has_servant(LANGUAGE) else [proxy]

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
        opening = f"{name} = tce.Interface("
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
        values = reader.read(zip(names, types, strict=True))
        annotation = ", ".join(self._module.annotation(type_) for type_ in types)
        made = [f"return {tuple_of(values)}"]
        if len(values) > 1:
            line = f"return {', '.join(map(str, values))}"
            made = [line] if is_short(line, depth=1) else exploded("return (", values, ")", depth=1)
        head = listed(f"def {function}(", ["data: bytes"], f") -> tuple[{annotation}]:")
        return [*head, *indented([*reader.lines, *_end_check(reader.position), *made])]

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
            (value,) = reader.read([("value", type_)])
            blocks = [
                [f"def {write}(value: {annotation}) -> bytes:", *indented([*writer.lines, *returned(pieces)])],
                [
                    head,
                    *indented(
                        [*reader.lines, *_end_check(reader.position), *expressed("return ", value, "", depth=1)]
                    ),
                ],
            ]
        self._result_functions[type_] = write, read
        return blocks, (write, read)

    def _servant(self, interface: Interface) -> list[str]:
        hidden = frozenset(method_name(operation) for operation in interface.operations)
        base = next((base for base in interface.bases() if base.has_servant(LANGUAGE)), None)
        methods = [self._servant_method(operation, hidden) for operation in interface.operations]
        return [
            f"class {class_name(interface)}({'tce.Servant' if base is None else self._module.class_of(base)}):",
            *indented(docstring(f"Servant of interface {_described(interface)}.", interface.comment)),
            "",
            *indented([f"INTERFACE = {self._module.interface_of(interface)}"]),
            *indented(line for method in methods for line in ("", *method)),
        ]

    def _servant_method(self, operation: Operation, hidden: frozenset[str]) -> list[str]:
        context = f"ctx: {self._module.spelled('tce.RpcContext', hidden)}"
        parameters = ["self", *self._parameters(operation, hidden), context]
        result = self._module.annotation(operation.result, hidden)
        answer = f"{self._module.spelled('tce.Answer', hidden)}[{result}]"
        default = (
            "None"
            if operation.result is None
            else self._module.default(operation.result, frozenset(parameter_names(operation)))
        )
        return [
            *listed(f"def {method_name(operation)}(", parameters, f") -> {answer}:", depth=1),
            *indented(docstring(_signature(operation), operation.comment, depth=2)),
            *indented([f"return {default}"]),
        ]

    def _proxy(self, interface: Interface) -> list[str]:
        base = "tce.Proxy" if interface.base is None else self._module.proxy_of(interface.base)
        hidden = frozenset(name for operation in interface.operations for name in _proxy_methods(operation))
        methods = [
            method for operation in interface.operations for method in self._methods(interface, operation, hidden)
        ]
        return [
            f"class {proxy_name(interface)}({base}):",
            *indented(docstring(f"Proxy of interface {_described(interface)}.", interface.comment)),
            *indented(line for method in methods for line in ("", *method)),
        ]

    def _methods(self, interface: Interface, operation: Operation, hidden: frozenset[str]) -> list[list[str]]:
        name = method_name(operation)
        constant = self._module.operation_of(interface, operation)
        parameters = ["self", *self._parameters(operation, hidden)]
        arguments = tuple_of(parameter_names(operation)) if operation.params else "()"
        result = self._module.annotation(operation.result, hidden)
        extra = f"extra: {self._module.spelled('tce.Extra', hidden)} | None = None"
        timeout = f"timeout: {self._module.spelled('float', hidden)} | None = None"
        give = "" if operation.is_void else "return "
        kinds = "VoidCallback[Self]" if operation.is_void else f"ResultCallback[{result}, Self]"
        twoway = [
            *listed(f"def {name}(", [*parameters, timeout, extra], f") -> {result}:", depth=1),
            *indented(docstring(_signature(operation), operation.comment, depth=2)),
            *indented(listed(f"{give}self._call(", [constant, arguments, "timeout", "extra"], ")", depth=2)),
        ]
        asynchronous = [
            *listed(
                f"def {name}_async(",
                [
                    *parameters,
                    f"callback: {self._module.spelled(f'tce.{kinds}', hidden)} | None = None",
                    f"cookie: {self._module.spelled('object', hidden)} = None",
                    extra,
                    "*",
                    f"error: {self._module.spelled('tce.ErrorCallback[Self]', hidden)} | None = None",
                    timeout,
                ],
                f") -> {self._module.spelled('tce.RpcPromise', hidden)}[{result}]:",
                depth=1,
            ),
            *indented(
                listed(
                    "return self._call_async(",
                    [constant, arguments, *(f"{option}={option}" for option in ASYNC_OPTIONS)],
                    ")",
                    depth=2,
                )
            ),
        ]
        oneway = [
            *listed(f"def {name}_oneway(", [*parameters, extra], ") -> None:", depth=1),
            *indented(listed("self._send(", [constant, arguments, "extra"], ")", depth=2)),
        ]
        return [twoway, asynchronous, oneway] if operation.is_void else [twoway, asynchronous]

    def _parameters(self, operation: Operation, hidden: frozenset[str]) -> list[str]:
        named = zip(parameter_names(operation), operation.params, strict=True)
        return [f"{name}: {self._module.annotation(param.type, hidden)}" for name, param in named]


def _proxy_methods(operation: Operation) -> tuple[str, str, str]:
    name = method_name(operation)
    return name, f"{name}_async", f"{name}_oneway"


def _end_check(position: Position) -> list[str]:
    return [f"if len(data) > {position}:", *indented([f"raise tce.left_over(data, {position})"])]


def _described(interface: Interface) -> str:
    place = interface.place
    extends = "" if interface.base is None else f", which extends {interface.base.full_name}"
    return f"{interface.full_name}, index {interface.index}{extends} ({PurePath(place.file).name}, line {place.line})"


def _signature(operation: Operation) -> str:
    params = ", ".join(f"{_idl_name(param.type)} {param.name}" for param in operation.params)
    place = operation.place
    origin = f"index {operation.index} ({PurePath(place.file).name}, line {place.line})"
    return f"{_idl_name(operation.result)} {operation.name}({params}), {origin}."


def _idl_name(type_: Type | None) -> str:
    if type_ is None:
        return "void"
    return type_.value if isinstance(type_, Builtin) else type_.name
