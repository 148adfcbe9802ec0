"""A module of the model as an ES module.

The module imports the runtime as ``tce`` and its sibling modules as ``$name``. It exports a class for each struct, a
codec for each sequence and dictionary, a servant base ``I`` and a proxy ``IProxy`` for each interface. Types are in
JSDoc, so that `tsc --checkJs` can check it; TypeScript users read the file of ``emit_typescript``.

Inherited operations keep the index of the base that declares them: a derived proxy inherits the base's methods, and
each method names its operation. TCE protocol, sections 5.4 and 5.7.
"""

from collections.abc import Iterator

from tcelib.tmake.javascript_module import JavaScriptModule
from tcelib.tmake.javascript_name import members, method_name, operation_constant, parameters
from tcelib.tmake.javascript_text import documented, indented, listed
from tcelib.tmake.javascript_type import fewest_bytes, types_in_order
from tcelib.tmake.model import Dictionary, Interface, Model, Module, Operation, Sequence, Struct

DEFAULT_RUNTIME = "./tce.js"


def emit_javascript(model: Model, module: Module, runtime: str = DEFAULT_RUNTIME) -> str:
    """The text of ``module.js``; ``runtime`` is where it finds the runtime, as an import writes it."""
    return _JavaScript(model, module).text(runtime)


class _JavaScript(JavaScriptModule):
    def text(self, runtime: str) -> str:
        blocks = [
            self.head(runtime),
            *(self._type(type_) for type_ in types_in_order(self.module)),
            *(block for interface in self.interfaces_in_order() for block in self._interface(interface)),
        ]
        return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"

    def _type(self, type_: Struct | Sequence | Dictionary) -> list[str]:
        match type_:
            case Struct():
                return self._struct(type_)
            case Sequence() | Dictionary():
                return [f"export const {self.exported(type_)} = {self.types.definition(type_)};"]

    def _struct(self, struct: Struct) -> list[str]:
        name = self.exported(struct)
        return [
            f"/** struct {struct.full_name} */",
            f"export class {name} {{",
            *indented(
                [
                    f"static minBytes = {fewest_bytes(struct)};",
                    "",
                    *self._constructor(struct),
                    "",
                    *self._struct_read(struct, name),
                    "",
                    *self._struct_write(struct, name),
                ]
            ),
            "}",
        ]

    def _constructor(self, struct: Struct) -> list[str]:
        lines = documented([f"@param {{Partial<{self.exported(struct)}>}} [fields]"])
        lines.append("constructor(fields = {}) {")
        for name, member in members(struct):
            lines += indented(
                [
                    f"/** @type {{{self.types.read(member.type)}}} */",
                    f"this.{name} = fields.{name} ?? {self.types.default(member.type)};",
                ]
            )
        return [*lines, "}"]

    def _struct_read(self, struct: Struct, name: str) -> list[str]:
        items = [f"{key}: {self.types.used_codec(member.type)}.read(reader)" for key, member in members(struct)]
        return [
            *documented(["@param {tce.ByteReader} reader", f"@returns {{{name}}}"]),
            "static read(reader) {",
            *indented(listed(f"return new {name}({{", items, "});", space=" ", indent=4)),
            "}",
        ]

    def _struct_write(self, struct: Struct, name: str) -> list[str]:
        return [
            *documented(["@param {tce.ByteWriter} writer", f"@param {{{name}}} value"]),
            "static write(writer, value) {",
            *indented(
                f"{self.types.used_codec(member.type)}.write(writer, value.{key});" for key, member in members(struct)
            ),
            "}",
        ]

    def _interface(self, interface: Interface) -> Iterator[list[str]]:
        constants = [line for operation in interface.operations for line in self._constant(interface, operation)]
        yield [f"// interface {interface.full_name}", "", *constants]
        yield self._class(
            [f"Calls {interface.full_name}.", *self.comment(interface.comment)],
            f"export class {self.proxy(interface)} extends {self.proxy_base(interface)} {{",
            [method for operation in interface.operations for method in self._proxy_methods(interface, operation)],
        )
        if interface.has_servant("js"):
            yield self._servant(interface)

    def _constant(self, interface: Interface, operation: Operation) -> list[str]:
        name = operation_constant(interface, operation)
        params = ", ".join(self.types.codec(param.type) for param in operation.params)
        items = [
            f"ifidx: {interface.index}",
            f"opidx: {operation.index}",
            f"params: [{params}]",
            f"result: {self.types.codec(operation.result)}",
        ]
        if method_name(operation) != operation.name:
            items.append(f'method: "{method_name(operation)}"')
        head = f'const {name} = new tce.Operation("{interface.full_name}.{operation.name}", {{'
        return listed(head, items, "});", space=" ")

    def _proxy_methods(self, interface: Interface, operation: Operation) -> Iterator[list[str]]:
        constant = operation_constant(interface, operation)
        for method in self.methods(interface, operation):
            own, extra = method.names[: len(operation.params)], method.names[len(operation.params) :]
            args = ", ".join([constant, f"[{', '.join(own)}]", *extra])
            yield [
                *documented(
                    [
                        *self.comment(operation.comment),
                        *(f"@param {{{text}}} {name}" for name, text in zip(own, method.types, strict=False)),
                        *(
                            f"@param {{{text}}} [{name}]"
                            for name, text in zip(extra, method.types[len(own) :], strict=True)
                        ),
                        f"@returns {{{method.result}}}",
                    ]
                ),
                *listed(f"{method.name}(", method.names, ") {", indent=2),
                f"  {'return ' if method.returns else ''}this.{method.runtime}({args});",
                "}",
            ]

    def _servant(self, interface: Interface) -> list[str]:
        names = [operation_constant(interface, operation) for operation in interface.operations]
        operations = [
            "/** @type {readonly tce.Operation[]} */",
            *listed("static OPERATIONS = [", names, "];", indent=2),
        ]
        return self._class(
            [
                f"Answers calls of {interface.full_name}: to be extended by a class with methods of its own.",
                *self.comment(interface.comment),
            ],
            f"export class {self.exported(interface)} extends {self.servant_base(interface)} {{",
            [operations, *(self._servant_method(operation) for operation in interface.operations)],
        )

    def _servant_method(self, operation: Operation) -> list[str]:
        # TypeScript lets a parameter be unused if it starts with an underscore.
        names = [f"_{name}" for name in parameters(operation, "ctx")]
        types = [*(self.types.read(param.type) for param in operation.params), "tce.RpcContext"]
        body = [] if operation.result is None else [f"  return {self.types.default(operation.result)};", "}"]
        head = listed(f"{method_name(operation)}(", names, ") {" if body else ") {}", indent=2)
        return [
            *documented(
                [
                    *self.comment(operation.comment),
                    *(f"@param {{{text}}} {name}" for name, text in zip(names, types, strict=True)),
                    f"@returns {{{self.answer_type(operation)}}}",
                ]
            ),
            *head,
            *body,
        ]

    @staticmethod
    def _class(comment: list[str], head: str, parts: list[list[str]]) -> list[str]:
        lines = [*documented(comment), head]
        for index, part in enumerate(parts):
            lines += ["", *indented(part)] if index else indented(part)
        return [*lines, "}"]
