"""Meaning of a name in the IDL at its place. TCE protocol, section 5.3."""

from typing import TypeAlias

from tcelib.tmake.declaration import Declarations, Key
from tcelib.tmake.model import Builtin
from tcelib.tmake.syntax.error import (
    BAD_DICTIONARY_KEY,
    DECLARED_LATER,
    NOT_A_TYPE,
    NOT_AN_INTERFACE,
    UNKNOWN_MODULE,
    UNKNOWN_TYPE,
    VOID_VALUE,
    Problem,
    did_you_mean,
)
from tcelib.tmake.syntax.tree import Interface, TypeName

BUILTINS = {builtin.value: builtin for builtin in Builtin}
Target: TypeAlias = Builtin | Key


class Resolver:
    """Looks up names for the declaration ``home``. What cannot be resolved is None, with a problem more.

    A name that is declared too late is a problem, too, but it is resolved: it may be part of a circle, and then the
    circle is what has to be said.
    """

    def __init__(self, declarations: Declarations, home: Key, problems: list[Problem]) -> None:
        self._declarations = declarations
        self._home = home
        self._problems = problems

    def value(self, name: TypeName, *, is_later_fine: bool = False) -> Target | None:
        """The type of a member, an element or a parameter. In an operation ``is_later_fine``."""
        if name.module is None and name.name.text in BUILTINS:
            return BUILTINS[name.name.text]
        if is_void(name):
            self._problems.append(VOID_VALUE.at(name.place))
            return None
        key = self._declared(name, is_later_fine, wants_interface=False)
        if key is not None and isinstance(self._declarations.get(key), Interface):
            self._problems.append(NOT_A_TYPE.at(name.place, str(name)))
            return None
        return key

    def dictionary_key(self, name: TypeName) -> Builtin | None:
        target = self.value(name)
        if target is None or isinstance(target, Builtin):
            return target
        self._problems.append(BAD_DICTIONARY_KEY.at(name.place, str(name)))
        return None

    def base(self, name: TypeName) -> Key | None:
        """The interface that ``home`` extends."""
        if name.module is None and (name.name.text in BUILTINS or is_void(name)):
            self._problems.append(NOT_AN_INTERFACE.at(name.place, str(name)))
            return None
        key = self._declared(name, is_later_fine=False, wants_interface=True)
        if key is not None and not isinstance(self._declarations.get(key), Interface):
            self._problems.append(NOT_AN_INTERFACE.at(name.place, str(name)))
            return None
        return key

    def _declared(self, name: TypeName, is_later_fine: bool, *, wants_interface: bool) -> Key | None:
        module = self._home[0] if name.module is None else name.module.text
        if module not in self._declarations.modules:
            hint = did_you_mean(module, self._declarations.modules) or "; is its file imported?"
            self._problems.append(UNKNOWN_MODULE.at(name.place, module, hint))
            return None
        key = module, name.name.text
        element = self._declarations.get(key)
        if element is None:
            hint = self._hint(name, module, is_later_fine, wants_interface)
            self._problems.append(UNKNOWN_TYPE.at(name.place, str(name), hint))
            return None
        if name.module is None and not is_later_fine and self._is_later(key):
            self._problems.append(DECLARED_LATER.at(name.place, key[1], module, element.name.place))
        return key

    def _is_later(self, key: Key) -> bool:
        ranks = self._declarations.ranks
        return ranks[key] > ranks[self._home]

    def _hint(self, name: TypeName, module: str, is_later_fine: bool, wants_interface: bool) -> str:
        """The same name elsewhere, or a similar one here: as it may be written in this place."""
        fitting = {
            key: f"{key[0]}::{key[1]}"
            for key, element in self._declarations.items()
            if isinstance(element, Interface) is wants_interface and key != self._home
        }
        if name.module is None:
            elsewhere = [text for (_, other), text in fitting.items() if other == name.name.text]
            if elsewhere:
                return f" (did you mean '{elsewhere[0]}'?)"
            for key in fitting:
                if key[0] == module and (is_later_fine or not self._is_later(key)):
                    fitting[key] = key[1]
        here = {key[1]: text for key, text in fitting.items() if key[0] == module}
        if name.module is None and not wants_interface:
            here |= {builtin: builtin for builtin in BUILTINS}
        return did_you_mean(name.name.text, here, here)


def is_void(name: TypeName) -> bool:
    return name.module is None and name.name.text == "void"
