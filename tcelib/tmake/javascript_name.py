"""Names of the IDL's things in JavaScript.

A name that means something else there gets a trailing ``_``, and another one as long as it is taken: TCE protocol,
section 5.3. Nothing on the wire changes by it. Every name that generated code makes up itself holds a ``$``, which no
identifier of the IDL can, or stands in ``_OWN``.
"""

from collections.abc import Iterable, Sequence
from functools import cache

from tcelib.tmake.model import Interface, Module, Operation, Struct, Variable

_KEYWORDS = """
    arguments await break case catch class const continue debugger default delete do else enum eval export extends
    false finally for function if implements import in instanceof interface let new null package private protected
    public return static super switch this throw true try typeof var void while with yield
"""
# What TypeScript refuses as the name of a class or of a type.
_TYPE_WORDS = (
    "any bigint boolean infer intrinsic keyof never number object readonly string symbol undefined unique unknown"
)
# What generated code itself uses at places where a name of the IDL would hide it.
_OWN = "tce fields reader writer value Map Partial Promise Uint8Array"
# ``import()`` gives a promise of the module, and takes a module that exports ``then`` for another promise.
_EXPORTS = "then"
# What every object has already: such a member would never be missing in one.
_OBJECT_MEMBERS = """
    constructor hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf
    __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ __proto__
"""
# ``then`` would make ``await proxy`` call it; ``conn`` is what a proxy has of its own.
_METHODS = "constructor conn then"


def module_alias(name: str) -> str:
    """Return the name by which module ``name`` is imported: a ``$`` keeps it apart from all declarations."""
    return f"${name}"


@cache
def exported_names(module: Module) -> dict[str, str]:
    """The exported name of every type, every servant (``I``) and every proxy (``I`` + ``Proxy``) of a module."""
    declared = [element.name for element in module.elements]
    names = dict(
        zip(declared, distinct(declared, f"{_KEYWORDS} {_TYPE_WORDS} {_OWN} {_EXPORTS}".split()), strict=True)
    )
    taken = set(names.values())
    for interface in module.interfaces():
        (names[proxy_key(interface)],) = distinct([f"{interface.name}Proxy"], taken)
        taken.add(names[proxy_key(interface)])
    return names


def proxy_key(interface: Interface) -> str:
    """The key of an interface's proxy in ``exported_names``; no declared name is like it."""
    return f"{interface.name}$Proxy"


def operation_constant(interface: Interface, operation: Operation) -> str:
    return f"{interface.name}${operation.name}"


def method_name(operation: Operation) -> str:
    return f"{operation.name}_" if operation.name in _METHODS.split() else operation.name


def members(struct: Struct) -> Sequence[tuple[str, Variable]]:
    """The members of a struct with the names of their properties."""
    names = distinct([member.name for member in struct.members], f"{_KEYWORDS} {_OBJECT_MEMBERS}".split())
    return list(zip(names, struct.members, strict=True))


def parameters(operation: Operation, *more: str) -> list[str]:
    """The names of the parameters, then those of ``more``, which give way if one is taken."""
    own = distinct([param.name for param in operation.params], _KEYWORDS.split())
    return [*own, *distinct(more, own)]


def distinct(names: Iterable[str], taken: Iterable[str]) -> list[str]:
    """``names``, which differ, each with as many trailing ``_`` as keep it apart from ``taken`` and the others."""
    wanted = list(names)
    refused = set(taken)
    result = []
    for name in wanted:
        free = name
        while free in refused or (free != name and free in wanted):
            free += "_"
        refused.add(free)
        result.append(free)
    return result
