"""The declarations of an ES module for TypeScript: what ``emit_javascript`` exports, and nothing else."""

from collections.abc import Iterator

from tcelib.tmake.emit_javascript import DEFAULT_RUNTIME
from tcelib.tmake.javascript_module import JavaScriptModule
from tcelib.tmake.javascript_name import members, method_name, parameters
from tcelib.tmake.javascript_text import documented, indented, listed
from tcelib.tmake.javascript_type import types_in_order
from tcelib.tmake.model import Dictionary, Interface, Model, Module, Operation, Sequence, Struct


def emit_typescript(model: Model, module: Module, runtime: str = DEFAULT_RUNTIME) -> str:
    """The text of ``module.d.ts``; ``runtime`` as in ``emit_javascript``."""
    return _TypeScript(model, module).text(runtime)


class _TypeScript(JavaScriptModule):
    def text(self, runtime: str) -> str:
        blocks = [
            self.head(runtime),
            *(self._type(type_) for type_ in types_in_order(self.module)),
            *(block for interface in self.interfaces_in_order() for block in self._interface(interface)),
        ]
        return "\n\n".join("\n".join(block) for block in blocks) + "\n"

    def _type(self, type_: Struct | Sequence | Dictionary) -> list[str]:
        name = self.exported(type_)
        match type_:
            case Struct():
                return self._struct(type_, name)
            case Sequence() | Dictionary():
                read, written = self.types.read(type_), self.types.written(type_)
                arguments = read if read == written else f"{read}, {written}"
                return [f"export type {name} = {read};", f"export const {name}: tce.Type<{arguments}>;"]

    def _struct(self, struct: Struct, name: str) -> list[str]:
        return [
            f"/** struct {struct.full_name} */",
            f"export class {name} {{",
            *indented(f"{key}: {self.types.read(member.type)};" for key, member in members(struct)),
            f"  constructor(fields?: Partial<{name}>);",
            "  static minBytes: number;",
            f"  static read(reader: tce.ByteReader): {name};",
            f"  static write(writer: tce.ByteWriter, value: {name}): void;",
            "}",
        ]

    def _interface(self, interface: Interface) -> Iterator[list[str]]:
        methods = [line for operation in interface.operations for line in self._proxy_methods(interface, operation)]
        yield [
            *documented([f"Calls {interface.full_name}.", *self.comment(interface.comment)]),
            f"export class {self.proxy(interface)} extends {self.proxy_base(interface)} {{",
            *indented(methods),
            "}",
        ]
        if interface.has_servant("js"):
            yield self._servant(interface)

    def _proxy_methods(self, interface: Interface, operation: Operation) -> Iterator[str]:
        for method in self.methods(interface, operation):
            count = len(operation.params)
            params = [
                f"{name}{'?' if index >= count else ''}: {text}"
                for index, (name, text) in enumerate(zip(method.names, method.types, strict=True))
            ]
            yield from documented(self.comment(operation.comment))
            yield from listed(f"{method.name}(", params, f"): {method.result};", indent=2)

    def _servant(self, interface: Interface) -> list[str]:
        comment = f"Answers calls of {interface.full_name}: to be extended by a class with methods of its own."
        lines = ["static OPERATIONS: readonly tce.Operation[];"]
        for operation in interface.operations:
            types = [*(self.types.read(param.type) for param in operation.params), "tce.RpcContext"]
            params = [f"{name}: {text}" for name, text in zip(parameters(operation, "ctx"), types, strict=True)]
            lines += documented(self.comment(operation.comment))
            lines += listed(f"{method_name(operation)}(", params, f"): {self.answer_type(operation)};", indent=2)
        return [
            *documented([comment, *self.comment(interface.comment)]),
            f"export class {self.exported(interface)} extends {self.servant_base(interface)} {{",
            *indented(lines),
            "}",
        ]
